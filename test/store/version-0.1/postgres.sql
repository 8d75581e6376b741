-- The tables of version 0.1, as its migration made them through TypeORM 1.1. They never change again.
CREATE TABLE "two_factor_accounts" ( "user_key" varchar(64) NOT NULL, "user_id" varchar(191) NOT NULL,
  "version" integer NOT NULL, "failures" integer NOT NULL, "window_failures" integer NOT NULL,
  "window_start" bigint NOT NULL, "next_attempt_at" bigint NOT NULL, "last_step" bigint NOT NULL,
  "challenge_epoch" integer NOT NULL, "security_epoch" integer NOT NULL, "backup_set_id" varchar(32) NOT NULL,
  "backup_salt" varchar(191) NOT NULL, "last_used" text NOT NULL, "preferred" integer NOT NULL,
  "enroll_by" bigint NOT NULL, CONSTRAINT "two_factor_accounts_pk" PRIMARY KEY ("user_key"));
CREATE TABLE "two_factor_authenticators" ( "id" varchar(32) NOT NULL, "user_key" varchar(64) NOT NULL,
  "user_id" varchar(191) NOT NULL, "mechanism" integer NOT NULL, "handle" varchar(64) NOT NULL,
  "label" varchar(191) NOT NULL, "sealed" text NOT NULL, "algorithm" varchar(16) NOT NULL,
  "digits" integer NOT NULL, "period" integer NOT NULL, "verified_at" bigint NOT NULL,
  "confirmed_step" bigint NOT NULL, "security_epoch" integer NOT NULL,
  CONSTRAINT "two_factor_authenticators_one" UNIQUE ("user_key", "mechanism", "handle"),
  CONSTRAINT "two_factor_authenticators_pk" PRIMARY KEY ("id"));
CREATE TABLE "two_factor_backup_codes" ( "set_id" varchar(32) NOT NULL, "tag" varchar(64) NOT NULL,
  "user_key" varchar(64) NOT NULL, "used_at" bigint NOT NULL,
  CONSTRAINT "two_factor_backup_codes_pk" PRIMARY KEY ("set_id", "tag"));
CREATE TABLE "two_factor_challenges" ( "id" varchar(64) NOT NULL, "user_key" varchar(64) NOT NULL,
  "user_id" varchar(191) NOT NULL, "purpose" varchar(16) NOT NULL, "mechanism" integer NOT NULL,
  "handle" varchar(64) NOT NULL, "challenge_epoch" integer NOT NULL, "security_epoch" integer NOT NULL,
  "strategy" varchar(191) NOT NULL, "kind" varchar(16) NOT NULL, "remember" integer NOT NULL,
  "info" text NOT NULL, "sealed" text NOT NULL, "codes" text NOT NULL, "code_version" integer NOT NULL,
  "verified_by" varchar(16) NOT NULL, "created_at" bigint NOT NULL, "expires_at" bigint NOT NULL,
  CONSTRAINT "two_factor_challenges_pk" PRIMARY KEY ("id"));
CREATE INDEX "two_factor_challenges_user" ON "two_factor_challenges" ("user_key");
CREATE TABLE "two_factor_quotas" ( "id" varchar(64) NOT NULL, "version" integer NOT NULL,
  "hour_start" bigint NOT NULL, "hour_count" integer NOT NULL, "day_start" bigint NOT NULL,
  "day_count" integer NOT NULL, CONSTRAINT "two_factor_quotas_pk" PRIMARY KEY ("id"));
