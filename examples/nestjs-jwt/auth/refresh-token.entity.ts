import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A login of one client: a family of refresh tokens, of which the newest is good. */
@Entity('refresh_tokens')
export class RefreshToken {
  @PrimaryColumn('varchar', { length: 36 })
  family!: string;

  /** SHA-256 of the token that is good now: a copy of the table refreshes nothing. */
  @Column('varchar', { length: 64 })
  digest!: string;

  @Column('integer')
  userId!: number;

  /** What the login stands for, as JSON. Copied into each access token, and never renewed by it. */
  @Column('text')
  claims!: string;

  /** Epoch milliseconds. */
  @Column('bigint')
  startedAt!: number;

  @Column('bigint')
  expiresAt!: number;
}
