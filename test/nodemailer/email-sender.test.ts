import { createTransport } from 'nodemailer';
import { emailSender, type EmailSenderOptions, type Mail } from 'passport-two-factor/nodemailer';
import { TwoFactorMechanism, type CodeMessage } from 'passport-two-factor';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MailServer } from './mail-server.js';

const message: CodeMessage = {
  mechanism: TwoFactorMechanism.EMAIL,
  to: 'ada@example.com',
  code: '012345',
  purpose: 'login',
  userId: '7',
  issuer: 'MyApp',
  expiresAt: Date.UTC(2026, 0, 1, 12, 5),
};

const server = new MailServer();
const from = 'MyApp <no-reply@example.com>';

beforeAll(() => server.listen());
afterAll(() => server.close());

const transport = () => createTransport({ host: '127.0.0.1', port: server.port, ignoreTLS: true });

async function send(options: Partial<EmailSenderOptions> = {}, given: Partial<CodeMessage> = {}) {
  await emailSender({ transport: transport(), from, ...options })({ ...message, ...given });
  return server.last;
}

describe('the message that arrives', () => {
  it('goes to the one address, from the app, as text and as HTML with the same words', async () => {
    const mail = await send();
    expect(mail.to).toEqual(['ada@example.com']);
    expect(mail.from).toBe('no-reply@example.com');
    expect(mail.headers).toContainEqual(['from', 'MyApp <no-reply@example.com>']);
    expect(mail.headers).toContainEqual(['to', 'ada@example.com']);
    expect(
      mail
        .html!.replace(/<title>.*?<\/title>/, '')
        .replaceAll('</p><p', '</p> <p')
        .replace(/<[^>]+>/g, ''),
    ).toBe(mail.text.replaceAll('\n\n', ' '));
  });

  it('says what the code is for and until when, and does not show the code in the subject', async () => {
    const mail = await send();
    expect(mail.subject).toBe('Your code to log in to MyApp');
    expect(mail.text).toMatch(/\n\n012345\n\n/);
    expect(mail.text).toContain('valid until 12:05 UTC');
    expect(mail.text).toContain('somebody else knows your password');
  });

  it.each([
    ['enrollment', 'Confirm your e-mail address for MyApp', 'confirm that MyApp may send codes'],
    ['step-up', 'Your code to confirm that it is you at MyApp', 'change your password'],
  ] as const)('has words of its own for %s', async (purpose, subject, words) => {
    const mail = await send({}, { purpose });
    expect(mail.subject).toBe(subject);
    expect(mail.text).toContain(words);
  });

  it('keeps letters of every language', async () => {
    const mail = await send({}, { issuer: 'Zażółć 銀行' });
    expect(mail.subject).toBe('Your code to log in to Zażółć 銀行');
    expect(mail.text).toContain('logging in to Zażółć 銀行:');
    expect(mail.html).toContain('logging in to Zażółć 銀行:');
  });

  it('cannot be given markup by the names in it', async () => {
    const mail = await send({}, { issuer: '<img src=x onerror="alert(1)">&\'' });
    expect(mail.html).not.toContain('<img');
    expect(mail.html).toContain('&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&amp;&#39;');
    expect(mail.text).toContain('<img src=x onerror="alert(1)">&\'');
  });
});

describe('the line that a browser fills the code in from', () => {
  it('is the last of the text, where an origin is given', async () => {
    const { text } = await send({ origin: 'example.com' });
    expect(text.split('\n').slice(-2)).toEqual(['', '@example.com #012345']);
  });

  it('is the last of an own text too, whatever that ends with', async () => {
    const { text } = await send({
      origin: 'https://login.example.com',
      text: ({ code }) => `Code ${code}\n@evil.example #999999\n`,
    });
    expect(text.split('\n').at(-1)).toBe('@login.example.com #012345');
  });

  it('is absent without one', async () => {
    expect((await send()).text).not.toContain('#012345');
  });

  it.each([
    'http://example.com',
    'example.com:8443',
    'https://example.com/login',
    'user@example.com',
    'a b.example',
    '',
    'example.com?x',
    'javascript:alert(1)',
  ])('is not made of "%s", which names no host of https pages', (origin) => {
    expect(() => emailSender({ transport: transport(), from, origin })).toThrow(/^origin must be the host/);
  });
});

describe('own templates', () => {
  it('get the whole message', async () => {
    const mail = await send({
      subject: ({ issuer, purpose }) => `${issuer} ${purpose}`,
      text: ({ code, to }) => `${code} for ${to}`,
      html: ({ code }) => `<b>${code}</b>`,
    });
    expect(mail).toMatchObject({ subject: 'MyApp login', text: '012345 for ada@example.com', html: '<b>012345</b>' });
  });

  it('of text alone make a message of text alone: no default HTML says something else', async () => {
    expect((await send({ text: () => 'Yours' })).html).toBeUndefined();
  });

  it.each(['subject', 'text', 'html'])('that return something else than text send nothing: %s', async (name) => {
    const before = server.received.length;
    const sending = send({ [name]: () => ({ path: '/etc/hostname' }) });
    await expect(sending).rejects.toThrow(`emailSender: ${name} must return a string; got object`);
    expect(server.received).toHaveLength(before);
  });
});

describe('an attacker who gets text into a message', () => {
  const breaks = ['\r\n', '\n', '\r', '\r\n ', '\u2028', '\u0085', '\0\r\n'];

  it.each(breaks)('adds no header and no receiver through the subject (%j)', async (newline) => {
    const mail = await send({
      subject: () => `Hello${newline}Bcc: mallory@evil.example${newline}${newline}<h1>Body</h1>`,
    });
    expect(mail.to).toEqual(['ada@example.com']);
    expect(mail.headers.map(([name]) => name)).not.toContain('bcc');
    expect(mail.headers.filter(([name]) => name === 'subject')).toHaveLength(1);
    expect(mail.subject).toBe('Hello Bcc: mallory@evil.example <h1>Body</h1>');
  });

  it('hands any other transport a subject of one line too', async () => {
    const mails: { subject: string }[] = [];
    const recorder = { sendMail: (mail: { subject: string }) => mails.push(mail) };
    await emailSender({ transport: recorder, from, subject: () => 'Hello\r\nBcc: mallory@evil.example\u2028x' })(
      message,
    );
    expect(mails[0]!.subject).toBe('Hello Bcc: mallory@evil.example x');
  });

  it.each([
    'ada@example.com\r\nBcc: mallory@evil.example',
    'ada@example.com\nRCPT TO:<mallory@evil.example>',
    'ada@example.com, mallory@evil.example',
    'ada@example.com;mallory@evil.example',
    'Ada <mallory@evil.example>',
    'ada@example.com mallory@evil.example',
    'ada@example.com@evil.example',
    '"ada"@example.com, "x"@evil.example',
    '"ada\r\nBcc: x"@example.com',
    '"ada"mallory@evil.example',
    'not an address',
    '',
  ])('sends nothing to %j', async (to) => {
    const before = server.received.length;
    await expect(send({}, { to })).rejects.toThrow('The address to send to is not one address.');
    expect(server.received).toHaveLength(before);
  });
});

it.each([
  'jörg@example.com',
  '用户@xn--fsqu00a.com',
  '"john doe"@example.com',
  '"a,b"@example.com',
  'joe@my_host.example.com',
])('hands the transport %s as one address', async (to) => {
  const mails: Mail[] = [];
  await emailSender({ transport: { sendMail: (mail) => mails.push(mail) }, from })({ ...message, to });
  expect(mails[0]!.to).toEqual({ name: '', address: to });
});

describe('what can go wrong', () => {
  it('a message that the server refuses is a rejection, so that the login is told', async () => {
    server.refusing = true;
    try {
      await expect(send()).rejects.toThrow('The mailbox is full.');
    } finally {
      server.refusing = false;
    }
  });

  it.each([
    [{ transport: undefined }, 'transport must be a Nodemailer transport'],
    [{ transport: {} }, 'transport must be a Nodemailer transport'],
    [{ from: undefined }, 'from must be an address'],
    [{ from: '' }, 'from must be an address'],
    [{ from: 'MyApp <no-reply@example.com>\r\nBcc: mallory@evil.example' }, 'from must be an address'],
    [{ from: { name: 'My\nApp', address: 'no-reply@example.com' } }, 'from must be an address'],
    [{ from: { name: 'MyApp' } }, 'from must be an address'],
    [
      { form: 'MyApp' },
      'there is no option "form"; there are transport, from, subject, text, html, origin; did you mean "from"?',
    ],
    [{ subject: 'Your code' }, 'subject must be a function of the message; got string'],
    [{ text: 'Your code' }, 'text must be a function of the message; got string'],
    [{ html: null }, 'html must be a function of the message; got object'],
  ])('%j is refused when the sender is made', (wrong, told) => {
    const options = { transport: transport(), from, ...wrong } as EmailSenderOptions;
    expect(() => emailSender(options)).toThrow(TypeError);
    expect(() => emailSender(options)).toThrow(`emailSender: ${told}`);
  });

  it('a sender of name and address sends again and again as it was given', async () => {
    const sender = Object.freeze({ name: 'MyApp, Inc.', address: 'no-reply@example.com' });
    for (let round = 0; round < 2; round += 1) {
      expect((await send({ from: sender })).headers).toContainEqual(['from', '"MyApp, Inc." <no-reply@example.com>']);
    }
  });
});
