import { smsSender, type SmsSenderOptions } from 'passport-two-factor/twilio';
import { TwoFactorMechanism, type CodeMessage } from 'passport-two-factor';
import { describe, expect, it } from 'vitest';
import { TestApp } from '../support/app.js';
import { databases } from '../support/databases.js';

/** Answers like Twilio's client, and keeps what it was given. */
class RecordingClient {
  readonly sent: { to: string; body: string; from?: string; messagingServiceSid?: string }[] = [];
  refusal: Error | undefined;

  readonly messages = {
    create: (message: RecordingClient['sent'][number]): Promise<{ sid: string }> => {
      if (this.refusal) return Promise.reject(this.refusal);
      this.sent.push(message);
      return Promise.resolve({ sid: 'SM1' });
    },
  };
}

const message: CodeMessage = {
  mechanism: TwoFactorMechanism.SMS,
  to: '+15551234567',
  code: '012345',
  purpose: 'login',
  userId: '7',
  issuer: 'MyApp',
  expiresAt: Date.UTC(2026, 0, 1, 12, 5),
};

async function send(options: Partial<SmsSenderOptions> = {}, given: Partial<CodeMessage> = {}) {
  const client = new RecordingClient();
  const sender = options.messagingServiceSid === undefined ? { from: '+15550000000' } : {};
  await smsSender({ client, ...sender, ...options } as SmsSenderOptions)({ ...message, ...given });
  return client.sent[0]!;
}

describe('the text message', () => {
  it('goes to the number, from the number of the app', async () => {
    expect(await send()).toEqual({
      to: '+15551234567',
      from: '+15550000000',
      body: '012345 is your MyApp code. Do not share it with anyone.',
    });
  });

  it('goes out by a messaging service where one is named', async () => {
    const sent = await send({ messagingServiceSid: 'MG1' });
    expect(sent.messagingServiceSid).toBe('MG1');
    expect(sent).not.toHaveProperty('from');
  });

  it('says what it is for where a number is to be confirmed', async () => {
    expect((await send({}, { purpose: 'enrollment' })).body).toBe(
      '012345 is your code to confirm this number for MyApp.',
    );
  });

  it('ends with the line that a phone fills the code in from, where an origin is given', async () => {
    expect((await send({ origin: 'https://example.com' })).body.split('\n').slice(1)).toEqual([
      '',
      '@example.com #012345',
    ]);
  });

  it('fits one message with the longest code and a name of usual length', async () => {
    const { body } = await send(
      { origin: 'accounts.example.com' },
      { code: '0123456789', issuer: 'An App of Some Thirty Letters.' },
    );
    expect(body).toMatch(/^[\x20-\x7e\n]{1,160}$/);
  });

  it('ends with that line after an own text too, whatever that ends with', async () => {
    const { body } = await send({
      origin: 'example.com',
      text: ({ code, issuer }) => `${issuer}: ${code}\n@evil.example #999999\n\n`,
    });
    expect(body).toBe('MyApp: 012345\n@evil.example #999999\n\n@example.com #012345');
  });

  it('that the gateway refuses is a rejection, so that the login is told', async () => {
    const client = new RecordingClient();
    client.refusal = new Error('The number is not a mobile one.');
    await expect(smsSender({ client, from: '+15550000000' })(message)).rejects.toThrow(
      'The number is not a mobile one.',
    );
  });
});

describe('a sender that cannot work', () => {
  const client = new RecordingClient();

  it.each([
    [{ client: undefined, from: '+1' }, 'client must be a Twilio client'],
    [{ client: { messages: {} }, from: '+1' }, 'client must be a Twilio client'],
    [{ client }, 'give either from, your number, or messagingServiceSid'],
    [{ client, from: '' }, 'give either from, your number, or messagingServiceSid'],
    [{ client, from: '+1', messagingServiceSid: 'MG1' }, 'give either from, your number, or messagingServiceSid'],
    [{ client, from: '+1', text: 'Your code' }, 'text must be a function of the message; got string'],
    [{ client, from: '+1', origin: 'http://example.com' }, 'origin must be the host of your https pages'],
  ])('is refused when it is made (%#)', (options, told) => {
    expect(() => smsSender(options as unknown as SmsSenderOptions)).toThrow(TypeError);
    expect(() => smsSender(options as unknown as SmsSenderOptions)).toThrow(told);
  });
});

describe.each(databases)('a login by a texted code on $name', (database) => {
  it('is finished with the code that the message brings', async () => {
    const client = new RecordingClient();
    const test = await TestApp.open(database, {
      service: { deliver: { sms: smsSender({ client, from: '+15550000000', origin: 'example.com' }) } },
    });
    try {
      const user = await test.user(1);
      await test.service.setup.sms('1', '+15551234567', false);
      const agent = test.agent();
      const halted = await test.login(agent, user).expect(202);
      expect(client.sent.map(({ to }) => to)).toEqual(['+15551234567']);
      const code = /@example\.com #(\d{6})$/.exec(client.sent[0]!.body)![1]!;
      expect(JSON.stringify(halted.body)).not.toContain(code);
      await agent.get('/me').expect(401);
      await agent.post('/2fa').send({ code }).expect(200);
      await agent.get('/me').expect(200, { id: 1 });
    } finally {
      await test.close();
    }
  });
});
