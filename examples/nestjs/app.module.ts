import { join } from 'node:path';
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { twoFactorEntities, twoFactorMigrations } from 'passport-two-factor';
import { TwoFactorModule } from 'passport-two-factor/nestjs';
import { Accounts } from '../quickstart/accounts.js';
import { readKeys } from '../quickstart/keys.js';
import { DemoAccount } from './accounts/account.entity.js';
import { AccountsModule } from './accounts/accounts.module.js';
import { CreateUsers } from './accounts/create-users.migration.js';
import { AuthModule } from './auth/auth.module.js';
import { Mailer } from './mail/mailer.js';
import { MailModule } from './mail/mail.module.js';
import { TwoFactorController } from './two-factor/two-factor.controller.js';
import { VaultController } from './vault.controller.js';

const database = process.env.DATABASE ?? join(__dirname, 'demo.sqlite');

@Module({
  imports: [
    TypeOrmModule.forRoot({
      type: 'better-sqlite3',
      database,
      enableWAL: true,
      timeout: 5000,
      entities: [DemoAccount, ...twoFactorEntities()],
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
        errors: { status: 202 },
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
  controllers: [TwoFactorController, VaultController],
})
export class AppModule {}
