import { createTransport } from 'nodemailer';
import { emailSender } from 'passport-two-factor/nodemailer';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestApp } from '../support/app.js';
import { databases } from '../support/databases.js';
import { MailServer } from './mail-server.js';

describe.each(databases)('a login by an e-mailed code on $name', (database) => {
  let server: MailServer;
  let test: TestApp;

  beforeEach(async () => {
    server = new MailServer();
    await server.listen();
    const transport = createTransport({ host: '127.0.0.1', port: server.port, ignoreTLS: true });
    const email = emailSender({ transport, from: 'MyApp <no-reply@example.com>', origin: 'example.com' });
    test = await TestApp.open(database, { service: { deliver: { email } } });
  });

  afterEach(async () => {
    await test.close();
    await server.close();
  });

  it('is finished with the code that the mail brings', async () => {
    const user = await test.withEmail(1);
    const agent = test.agent();
    const halted = await test.login(agent, user).expect(202);
    expect(halted.body.methods.email).toBe('u***@example.com');
    expect(server.last.to).toEqual([user.email]);
    const code = /@example\.com #(\d{6})$/.exec(server.last.text)![1]!;
    expect(JSON.stringify(halted.body)).not.toContain(code);
    await agent.get('/me').expect(401);
    await agent.post('/2fa').send({ code }).expect(200);
    await agent.get('/me').expect(200, { id: 1 });
  });

  it('is refused with 502, and nobody is logged in, where the mail server refuses the message', async () => {
    const user = await test.withEmail(1);
    server.refusing = true;
    const agent = test.agent();
    const { body } = await test.login(agent, user).expect(502);
    expect(body.error.code).toBe('DELIVERY_FAILED');
    await agent.get('/me').expect(401);
    server.refusing = false;
    await test.login(agent, user).expect(202);
    expect(server.received).toHaveLength(1);
  });
});
