// What the library builds on, without the library: a conditional statement that several nodes run at once takes effect
// once, on the node that says so, and an error of certification means that it had no effect.
import assert from 'node:assert/strict';
import { createConnection, type Connection, type ResultSetHeader } from 'mysql2/promise';
import { count, tally, type Tally } from './figures.js';
import type { Galera } from './nodes.js';

const rounds = Number(process.env.RACES ?? 500);

/** What a node answered: how many rows it changed, or the number of its error. */
type Outcome = { readonly rows: number } | { readonly error: number };

async function outcome(connection: Connection, sql: string): Promise<Outcome> {
  try {
    const [{ affectedRows }] = await connection.query<ResultSetHeader>(sql);
    return { rows: affectedRows };
  } catch (error) {
    return { error: (error as { errno: number }).errno };
  }
}

const name = (result: Outcome): string => ('rows' in result ? `${result.rows} rows` : String(result.error));

export async function races(galera: Galera): Promise<string[]> {
  const [first] = galera.nodes;
  await first!.query('CREATE DATABASE races');
  await first!.query('CREATE TABLE races.t (id INT PRIMARY KEY, version INT NOT NULL, winner INT NOT NULL)');
  const lines: string[] = [];
  // How often a node runs an autocommit statement again by itself before it reports the conflict.
  for (const again of [0, 1, 4]) {
    await galera.set('wsrep_retry_autocommit', again);
    const connections = await Promise.all(galera.nodes.map((node) => createConnection({ uri: node.url('races') })));
    for (const connection of connections) await connection.query('SET SESSION wsrep_sync_wait = 1');
    await connections[0]!.query('REPLACE INTO t VALUES (1, 0, -1)');
    const updates: Tally = {};
    const others: Tally = {};
    for (let version = 0; version < rounds; version += 1) await update(connections, version, updates);
    for (let id = 2; id < 2 + rounds / 5; id += 1) await insertAndDelete(connections, id, others);
    lines.push(
      `wsrep_retry_autocommit=${again}: ${rounds} rounds of one UPDATE on three nodes: ${tally(updates)}; INSERT and DELETE: ${tally(others)}`,
    );
    // Without the server's own repetitions nearly every round is one that a client has to repeat.
    if (again === 0) assert.ok((updates['1213'] ?? 0) > 0, 'there were no conflicts to look at');
    for (const connection of connections) await connection.end();
  }
  await galera.set('wsrep_retry_autocommit', 1);
  return lines;
}

/** `UPDATE … WHERE version = :read` on all nodes at once: one says that it changed the row, and it is the one that did. */
async function update(connections: readonly Connection[], version: number, seen: Tally): Promise<void> {
  for (const connection of connections) assert.equal(await read(connection, 'version'), version);
  const outcomes = await Promise.all(
    connections.map((connection, index) =>
      outcome(
        connection,
        `UPDATE t SET version = ${version + 1}, winner = ${index} WHERE id = 1 AND version = ${version}`,
      ),
    ),
  );
  for (const result of outcomes) count(seen, name(result));
  const winners = outcomes.flatMap((result, index) => ('rows' in result && result.rows === 1 ? [index] : []));
  assert.equal(winners.length, 1, `of three nodes ${winners.length} changed the row: ${outcomes.map(name).join()}`);
  for (const connection of connections) {
    assert.equal(await read(connection, 'version'), version + 1);
    assert.equal(
      await read(connection, 'winner'),
      winners[0],
      'another node changed the row than the one that said so',
    );
  }
}

/** The same key inserted by all, then the row deleted by all. */
async function insertAndDelete(connections: readonly Connection[], id: number, seen: Tally): Promise<void> {
  for (const statement of [
    (node: number) => `INSERT INTO t VALUES (${id}, 0, ${node})`,
    () => `DELETE FROM t WHERE id = ${id} AND version = 0`,
  ]) {
    const outcomes = await Promise.all(connections.map((connection, index) => outcome(connection, statement(index))));
    for (const result of outcomes) count(seen, name(result));
    assert.equal(
      outcomes.filter((result) => 'rows' in result && result.rows === 1).length,
      1,
      outcomes.map(name).join(),
    );
    // The DELETE finds the row on every node.
    for (const connection of connections) await connection.query('SELECT 1 FROM t');
  }
}

async function read(connection: Connection, column: string): Promise<unknown> {
  const [rows] = await connection.query(`SELECT ${column} AS value FROM t WHERE id = 1`);
  return (rows as { value: unknown }[])[0]?.value;
}
