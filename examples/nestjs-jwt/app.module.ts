import { join } from 'node:path';
import { Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { Request } from 'express';
import { twoFactorEntities, twoFactorMigrations } from 'passport-two-factor';
import { TwoFactorModule } from 'passport-two-factor/nestjs';
import { DemoAccount } from '../nestjs/accounts/account.entity.js';
import { AccountsModule } from '../nestjs/accounts/accounts.module.js';
import { CreateUsers } from '../nestjs/accounts/create-users.migration.js';
import { Accounts } from '../quickstart/accounts.js';
import { readKeys } from '../quickstart/keys.js';
import { AuthController } from './auth/auth.controller.js';
import { AuthService } from './auth/auth.service.js';
import { JwtStrategy } from './auth/jwt.strategy.js';
import { RefreshToken } from './auth/refresh-token.entity.js';
import { RefreshTokens } from './auth/refresh-tokens.js';
import { Settings } from './auth/settings.js';
import { CreateRefreshTokens } from './create-refresh-tokens.migration.js';
import { VaultController } from './vault.controller.js';

const database = process.env.DATABASE ?? join(__dirname, 'demo.sqlite');

@Module({ providers: [Settings], exports: [Settings] })
class SettingsModule {}

@Module({
  imports: [
    TypeOrmModule.forRoot({
      type: 'better-sqlite3',
      database,
      enableWAL: true,
      timeout: 5000,
      entities: [DemoAccount, RefreshToken, ...twoFactorEntities()],
      migrations: [CreateUsers, CreateRefreshTokens, ...twoFactorMigrations()],
      migrationsRun: true,
      retryAttempts: 1,
    }),
    TwoFactorModule.forRootAsync({
      imports: [AccountsModule],
      inject: [Accounts],
      useFactory: (accounts: Accounts) => ({
        keys: readKeys(`${database}.keys`),
        users: {
          // Of an account, and of the user that `JwtStrategy` makes of a token.
          id: (user: Pick<DemoAccount, 'id'>) => String(user.id),
          email: (user: Partial<DemoAccount>) => user.email,
          find: (id) => accounts.find(Number(id)),
        },
        twoFactor: { issuer: 'MyApp' },
        claims: (req: Request) => req.authInfo,
        errors: { status: 202 },
      }),
    }),
    JwtModule.registerAsync({
      imports: [SettingsModule],
      inject: [Settings],
      useFactory: ({ tokenSecret, named }: Settings) => ({
        secret: tokenSecret,
        signOptions: { ...named, algorithm: 'HS256', expiresIn: '15m' },
      }),
    }),
    AccountsModule,
    SettingsModule,
  ],
  controllers: [AuthController, VaultController],
  providers: [AuthService, JwtStrategy, RefreshTokens],
})
export class AppModule {}
