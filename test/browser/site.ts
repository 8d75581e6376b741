import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { currentTotp } from 'passport-two-factor/testing';

/** What the test run leaves to be looked at. */
const artifacts = resolve('test/.artifacts/pages');

const axeSource = readFileSync(resolve('node_modules/axe-core/axe.min.js'), 'utf8');

export interface Person {
  readonly email: string;
  readonly password: string;
}

/** The example of the router in a process of its own, and a browser to visit it with. */
export class Site {
  private readonly contexts: { close(): Promise<void> }[] = [];
  private people = 0;

  private constructor(
    private readonly server: ChildProcess,
    private readonly browser: Browser,
    readonly url: string,
    private time: number,
    private readonly folder: string,
  ) {}

  static async open(): Promise<Site> {
    mkdirSync(artifacts, { recursive: true });
    const folder = mkdtempSync(join(tmpdir(), 'two-factor-'));
    const server = fork(resolve('test/browser/server.ts'), {
      execArgv: ['--import', 'tsx'],
      env: { ...process.env, DATABASE: join(folder, 'test.sqlite') },
    });
    const [started] = (await once(server, 'message')) as [{ port: number; now: number }];
    const browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-background-networking',
        '--disable-component-update',
        '--no-first-run',
      ],
    });
    return new Site(server, browser, `http://localhost:${String(started.port)}`, started.now, folder);
  }

  async close(): Promise<void> {
    await this.browser.close();
    const gone = once(this.server, 'exit');
    this.server.disconnect();
    await gone;
    rmSync(this.folder, { recursive: true });
  }

  /** The time of the server. */
  get now(): number {
    return this.time;
  }

  async advance(by: string): Promise<void> {
    const answered = once(this.server, 'message');
    this.server.send(by);
    const [{ now }] = (await answered) as [{ now: number }];
    this.time = now;
  }

  /** A browser window of its own, with its own cookies. */
  async visitor(options: BrowserContextOptions = {}): Promise<Visitor> {
    const context = await this.browser.newContext({
      baseURL: this.url,
      locale: 'en-GB',
      viewport: { width: 1100, height: 800 },
      ...options,
    });
    context.setDefaultTimeout(60_000);
    this.contexts.push(context);
    return new Visitor(this, await context.newPage());
  }

  async closeVisitors(): Promise<void> {
    await Promise.all(this.contexts.splice(0).map((context) => context.close()));
  }

  /** Somebody with an account and a password. */
  async person(): Promise<Person> {
    const person = { email: `person${String((this.people += 1))}@example.com`, password: 'correct horse' };
    await fetch(`${this.url}/signup`, { method: 'POST', body: new URLSearchParams({ ...person }), redirect: 'manual' });
    return person;
  }

  /** The newest code in the outbox that was sent there. */
  async codeSentTo(contact: string): Promise<string> {
    const outbox = await (await fetch(`${this.url}/outbox`)).text();
    const code = new RegExp(`${contact.replaceAll(/[.+]/g, '\\$&')}: <code>(\\d+)</code>`).exec(outbox)?.[1];
    if (code === undefined) throw new Error(`Nothing was sent to ${contact}: ${outbox}`);
    return code;
  }
}

/** Somebody at a browser. */
export class Visitor {
  /** Errors of the pages' scripts, and what the content security policy has refused. */
  readonly complaints: string[] = [];

  constructor(
    readonly site: Site,
    readonly page: Page,
  ) {
    page.on('pageerror', (error) => this.complaints.push(error.message));
    page.on('console', (message) => {
      if (/Content Security Policy|Refused/.test(message.text())) this.complaints.push(message.text());
    });
  }

  async logIn({ email, password }: Person): Promise<void> {
    await this.page.goto('/login');
    await this.page.getByLabel('E-mail address').fill(email);
    await this.page.getByLabel('Password').fill(password);
    await this.page.getByRole('button', { name: 'Log in', exact: true }).click();
    await this.page.waitForURL((url) => url.pathname !== '/login');
  }

  /** Types the code; with JavaScript it goes off by itself. */
  async enter(code: string, label: string | RegExp = 'Code'): Promise<void> {
    await this.page.getByLabel(label, { exact: true }).fill(code);
  }

  /** Types the code and sends it by the button. */
  async send(code: string, label: string | RegExp = 'Code'): Promise<void> {
    await this.enter(code, label);
    await this.page.getByRole('button', { name: /^(Continue|Weiter)$/ }).click();
  }

  totp(secret: string): string {
    return currentTotp(secret, this.site.now);
  }

  /** Sets up an authenticator app by the key that the page shows. Answers the key and the backup codes. */
  async addTotp(by: 'typing' | 'button' = 'typing'): Promise<{ secret: string; codes: string[] }> {
    const { page } = this;
    await page.goto('/2fa/add');
    await page.getByRole('button', { name: /Auth/ }).click();
    const secret = (await page.locator('#key').innerText()).replaceAll(/\s/g, '');
    if (by === 'typing') await this.enter(this.totp(secret));
    else await this.send(this.totp(secret));
    await page.locator('.tf-codes').waitFor();
    await page.getByRole('checkbox').check();
    const codes = await page.locator('.tf-codes code').allInnerTexts();
    await page.getByRole('button', { name: /^(Continue|Weiter)$/ }).click();
    await page.waitForURL('**/2fa/');
    await this.site.advance('30s');
    return { secret, codes };
  }

  /** Sets up a contact by the code that is sent to it. */
  async addContact(method: 'email' | 'sms', contact: string, by: 'typing' | 'button' = 'typing'): Promise<void> {
    const { page } = this;
    await page.goto(`/2fa/add/${method}`);
    await page.locator('#contact').fill(contact);
    await page.locator('main form button').click();
    await page.locator('#code').waitFor();
    const code = await this.site.codeSentTo(contact);
    if (by === 'typing') await this.enter(code);
    else await this.send(code);
    await page.locator('.tf-notice').waitFor();
  }

  /** Keeps a picture of the page. */
  async screenshot(name: string): Promise<void> {
    await this.page.screenshot({ path: join(artifacts, `${name}.png`), fullPage: true });
  }

  /** What axe finds wrong with the page, with the markup that it is wrong about. */
  async violations(): Promise<string[]> {
    await this.page.evaluate(axeSource);
    const found = await this.page.evaluate<{
      violations: { id: string; nodes: { html: string; failureSummary: string }[] }[];
    }>('axe.run()');
    return found.violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html}: ${failureSummary}`),
    );
  }
}
