// Run by other-nodes.sh in an app that has the packed package installed: says what it did, or fails.
const assert = require('node:assert/strict');
const { DataSource } = require('typeorm');
const { generateKey, twoFactorEntities, TwoFactorMechanism, TwoFactorService } = require('passport-two-factor');
const { createOutbox, currentTotp, fakeClock } = require('passport-two-factor/testing');

async function main() {
  for (const part of ['', '/router', '/testing', '/nodemailer', '/twilio']) {
    const required = Object.keys(require(`passport-two-factor${part}`));
    const imported = await import(`passport-two-factor${part}`);
    assert.deepEqual(
      required.filter((name) => !(name in imported)),
      [],
    );
  }
  const db = await new DataSource({
    type: 'better-sqlite3',
    database: ':memory:',
    entities: twoFactorEntities(),
    synchronize: true,
  }).initialize();
  const clock = fakeClock();
  const outbox = createOutbox();
  const service = new TwoFactorService({
    db,
    keys: generateKey('k1'),
    users: { id: String, email: (user) => `user${user}@example.com`, find: (id) => Number(id) },
    twoFactor: { issuer: 'MyApp' },
    clock: clock.now,
    deliver: outbox.deliver,
  });
  const { secret, qrCode } = await service.setup.totp('1');
  assert.match(qrCode, /^data:image\/png/);
  const backupCodes = await service.complete.totp('1', currentTotp(secret, clock.now()));
  clock.advance('30s');
  await service.verify.totp('1', currentTotp(secret, clock.now()));
  await assert.rejects(service.verify.totp('1', currentTotp(secret, clock.now())), { code: 'INVALID_CODE' });
  await service.verify.backupCode('1', backupCodes[0]);
  await service.setup.email('1');
  await service.challenge.email('1');
  await service.verify.email('1', outbox.last('user1@example.com').code);
  assert.deepEqual(await service.getEnabledMethods('1'), [TwoFactorMechanism.TOTP, TwoFactorMechanism.EMAIL]);
  await db.destroy();
}

main().then(
  () => {
    console.log(`Node.js ${process.version}: all as it should be`);
  },
  (error) => {
    console.error(`Node.js ${process.version}:`, error);
    process.exit(1);
  },
);
