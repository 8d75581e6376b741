import { Module } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Accounts } from '../../quickstart/accounts.js';

@Module({
  providers: [{ provide: Accounts, inject: [DataSource], useFactory: (db: DataSource) => new Accounts(db) }],
  exports: [Accounts],
})
export class AccountsModule {}
