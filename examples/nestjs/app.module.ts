import { join } from 'node:path';
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { twoFactorMigrations } from 'passport-two-factor';
import { Accounts } from '../quickstart/accounts.js';
import { readKeys } from '../quickstart/keys.js';
import type { DemoAccount } from './accounts/account.entity.js';
import { AccountsModule } from './accounts/accounts.module.js';
import { CreateUsers } from './accounts/create-users.migration.js';
import { AuthModule } from './auth/auth.module.js';
import { Mailer } from './mail/mailer.js';
import { MailModule } from './mail/mail.module.js';
import { TwoFactorModule } from './two-factor/two-factor.module.js';
import { VaultController } from './vault.controller.js';

const database = process.env.DATABASE ?? join(__dirname, 'demo.sqlite');

@Module({
  imports: [
    TypeOrmModule.forRoot({
      type: 'better-sqlite3',
      database,
      enableWAL: true,
      timeout: 5000,
      // Those of `TypeOrmModule.forFeature`, the second factor's among them.
      autoLoadEntities: true,
      migrations: [CreateUsers, ...twoFactorMigrations()],
      migrationsRun: true,
      retryAttempts: 1,
    }),
    TwoFactorModule.forRootAsync({
      imports: [AccountsModule, MailModule],
      inject: [Accounts, Mailer],
      useFactory: (accounts: Accounts, mailer: Mailer) => ({
        keys: readKeys(`${database}.keys`),
        users: {
          id: (user: DemoAccount) => String(user.id),
          email: (user: DemoAccount) => user.email,
          find: (id) => accounts.find(Number(id)),
        },
        twoFactor: { issuer: 'MyApp' },
        deliver: {
          email: (message) => {
            mailer.send(message);
          },
        },
      }),
    }),
    AuthModule,
    MailModule,
  ],
  controllers: [VaultController],
})
export class AppModule {}
