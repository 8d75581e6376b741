import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { Accounts } from '../../quickstart/accounts.js';
import { DemoAccount } from './account.entity.js';

@Module({
  imports: [TypeOrmModule.forFeature([DemoAccount])],
  providers: [{ provide: Accounts, inject: [DataSource], useFactory: (db: DataSource) => new Accounts(db) }],
  exports: [Accounts],
})
export class AccountsModule {}
