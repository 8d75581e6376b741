import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import type { Account } from '../../quickstart/database.js';

/** The app's user. The name of the class is how `Accounts` of the quickstart finds it. */
@Entity('users')
export class DemoAccount implements Account {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column('varchar', { length: 191, unique: true })
  email!: string;

  @Column('varchar', { length: 191 })
  password!: string;
}
