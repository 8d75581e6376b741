import jwt from 'jsonwebtoken';
import request from 'supertest';
import { afterEach, describe, expect, it } from 'vitest';
import { openApiDocument } from '../../lib/router/api/openapi.js';
import { en } from '../../lib/router/messages/en.js';
import { styleText } from '../../lib/router/assets/style.js';
import { FormClient } from '../router/form-client.js';
import { blocksIn, codeIn, sectionOf, tableOf } from './markdown.js';
import { fetchOf, GuideApp, type Account, type Agent } from './running.js';
import { literalMembersOf } from './source.js';

const file = 'docs/router.md';

interface Shape {
  properties?: Record<string, object>;
  required?: string[];
}
interface Reference {
  $ref?: string;
  anyOf?: { $ref?: string }[];
}
interface Content {
  content: { 'application/json': { schema: Reference } };
}
interface ApiDocument {
  paths: Record<string, Record<string, { requestBody?: Content; responses: { 200: Content } }>>;
  components: { schemas: Record<string, Shape> };
}

interface Spa {
  call: (path: string, body?: object) => Promise<{ state?: string; csrfToken?: string; error?: { code: string } }>;
  finishLogin: (ask: (problem?: string) => Promise<string>) => Promise<string>;
}

describe('docs/router.md', () => {
  it('has every variable of the stylesheet, and those of its example are such', () => {
    const documented = tableOf(sectionOf(file, '### Colours')).flatMap(([names]) => codeIn(names!));
    const defined = [...new Set([...styleText.matchAll(/^ +(--tf-[a-z-]+):/gm)].map(([, name]) => name!))];
    expect(documented.sort()).toEqual(defined.sort());
    const [example] = blocksIn(file, '### Colours', 'css');
    const used = [...example!.lines.join('\n').matchAll(/(--tf-[a-z-]+):/g)].map(([, name]) => name);
    expect(used.length).toBeGreaterThan(3);
    expect(defined).toEqual(expect.arrayContaining(used));
    expect(
      codeIn(sectionOf('README.md', '## The router'))
        .filter((code) => code.startsWith('--tf-'))
        .filter((name) => !defined.includes(name)),
    ).toEqual([]);
  });

  it('has every page with all that it shows', () => {
    const documented = tableOf(sectionOf(file, '### Pages of your own')).map(([name, data]) => [
      codeIn(name!)[0]!,
      codeIn(data!).sort(),
    ]);
    expect(Object.fromEntries(documented)).toEqual(
      Object.fromEntries(
        literalMembersOf('lib/router/pages/page-types.ts', 'PageData').map(({ name, members }) => [
          name,
          [...members].sort(),
        ]),
      ),
    );
    const frame = codeIn(
      /Every page is given ([^]*?) and besides/.exec(sectionOf(file, '### Pages of your own'))![1]!,
    ).map((name) => name.replace('?', ''));
    expect(frame.sort()).toEqual(
      literalMembersOf('lib/router/pages/page-types.ts', 'PageFrame')
        .map(({ name }) => name)
        .sort(),
    );
  });

  it('tells the API as the OpenAPI document does, in the README', () => {
    const rows = tableOf(sectionOf('README.md', '## The router')).map(
      ([call, body, answer]) => [codeIn(call!)[0]!, codeIn(body!), codeIn(answer!)] as const,
    );
    const {
      paths,
      components: { schemas },
    } = openApiDocument('/api') as unknown as ApiDocument;
    const named = (schema: Reference): Shape[] =>
      (schema.anyOf ?? [schema]).map(({ $ref }) => schemas[$ref!.split('/').at(-1)!]!);
    const membersOf = (shapes: readonly Shape[]): string[] => [
      ...new Set(
        shapes.flatMap(({ properties = {}, required = [] }) =>
          Object.keys(properties).map((name) => (required.includes(name) ? name : `${name}?`)),
        ),
      ),
    ];
    const calls = Object.entries(paths).flatMap(([path, verbs]) =>
      Object.entries(verbs).map(([verb, { requestBody, responses }]) => {
        const body = requestBody ? membersOf(named(requestBody.content['application/json'].schema)) : [];
        const answer = membersOf(named(responses[200].content['application/json'].schema)).map((name) =>
          name.replace('?', ''),
        );
        return [`${verb.toUpperCase()} ${path}`, body.sort(), answer.sort()] as const;
      }),
    );
    expect(rows.map(([call]) => call).sort()).toEqual([...calls.map(([call]) => call), 'GET /openapi.json'].sort());
    for (const [call, body, answer] of calls) {
      const [, documentedBody, documentedAnswer] = rows.find((row) => row[0] === call)!;
      expect([...documentedBody].sort(), call).toEqual(body);
      // The status has several forms.
      const fields = documentedAnswer
        .find((code) => code.startsWith('{'))!
        .replace(/[{} ?]/g, '')
        .split(',')
        .sort();
      expect(fields, call).toEqual(call === 'GET /status' ? ['state'] : answer);
    }
  });
});

describe('docs/router.md, run', () => {
  let guide: GuideApp;
  afterEach(() => guide.close());

  async function browser(user: Account): Promise<FormClient> {
    const page = new FormClient(guide.agent());
    await page.agent.post('/login').send(user);
    return page;
  }

  it('mounts the router: a halted login goes there, the guard to what is missing and back', async () => {
    guide = await GuideApp.open({ prepared: false });
    guide.app.use(guide.passport.session());
    await guide.run(blocksIn(file, '## Mounting it')[0]);
    guide.app.post('/login', (req, res, next) => {
      (guide.passport.authenticate('local', { successRedirect: '/' }) as (...args: unknown[]) => void)(req, res, next);
    });
    const user = await guide.user(1);
    const page = await browser(user);
    await (await page.open('/account')).follow();
    await (await page.follow()).submit('/add/totp');
    const secret = /data-copy="([A-Z2-7]+)"/.exec(page.html)![1]!;
    await page.submit('/confirm/totp', { code: guide.code(secret) });
    await page.submit('/saved');
    expect(page.location).toBe('/account');
    guide.clock.advance('30s');

    const later = new FormClient(guide.agent());
    await later.agent.post('/login').send(user).expect(302).expect('Location', '/2fa');
    await later.open('/2fa?returnTo=/cart');
    await later.submit('/verify', { code: guide.code(secret) });
    expect(later.location).toBe('/cart');
    guide.clock.advance('30s');
    await later.agent.post('/login').send(user);
    await later.open('/2fa?returnTo=https://evil.example');
    await later.submit('/verify', { code: guide.code(secret) });
    expect(later.location).toBe('/account');
  });

  it('serves every page that its table names', async () => {
    guide = await GuideApp.open({ service: { deliver: { email: () => undefined, sms: () => undefined } } });
    guide.login();
    await guide.run(blocksIn(file, '### Colours')[0]);
    const { user, secret } = await guide.withTotp(1);
    guide.errors();
    const agent = await guide.loggedIn(user, secret);
    const id = (await guide.service.list('1'))[0]!.id;
    const paths = tableOf(sectionOf(file, '## The pages')).flatMap(([names]) => codeIn(names!));
    expect(paths).toHaveLength(9);
    for (const path of paths) {
      const answer = await agent.get(`/2fa${path}${path === '/remove' ? `?id=${id}` : ''}`);
      expect([path, answer.status]).toEqual([path, path === '/continue' ? 303 : path === '/unavailable' ? 502 : 200]);
    }
    const { text, headers } = await agent.get('/2fa/');
    expect(text).toMatch(/two-factor\.css\?v=\w+">\s*<link rel="stylesheet" href="\/app\.css">/);
    expect(headers['content-security-policy']).toBe(blocksIn(file, '### Content security', 'text')[0]!.lines[0]);
    expect([headers['x-frame-options'], headers['cache-control']]).toEqual(['DENY', 'no-store']);
  });

  it('speaks the language that the app says, and English where a text is missing', async () => {
    guide = await GuideApp.open();
    guide.login();
    guide.app.use((req, _res, next) => {
      Object.assign(req, { cookies: { language: req.get('x-language') } });
      next();
    });
    await guide.run(blocksIn(file, '### Languages')[0]);
    const { user } = await guide.withTotp(1);
    guide.errors();
    const page = await browser(user);
    await page.open('/2fa');
    expect(page.html).toContain('<html lang="en">');
    expect(page.text).toContain(en['code.title.login']);
    const { text } = await page.agent.get('/2fa').set('x-language', 'fr').expect(200);
    expect(text).toContain('<html lang="fr">');
    expect(text).toContain('Encore une étape');
    expect(text).toContain(en['code.from.totp']);
  });

  it("puts pages of the app in the router's place", async () => {
    guide = await GuideApp.open();
    guide.login();
    await guide.run(blocksIn(file, '### Pages of your own')[0]);
    guide.app.engine('html', (_path, view, done) => {
      done(null, `<p>${(view as { title: string }).title}, by an engine</p>`);
    });
    guide.app.set('views', __dirname).set('view engine', 'html');
    guide.app.render = ((_view: string, data: { title: string }, done: (error: null, page: string) => void) => {
      done(null, `<p>${data.title}, by an engine</p>`);
    }) as never;
    const { user, secret } = await guide.withTotp(1);
    guide.errors();
    const page = await browser(user);
    await page.open('/2fa');
    expect(page.title).toBe('Your code – MyApp');
    await page.submit('/verify', { code: '000000' });
    expect([page.status, page.text]).toEqual([401, expect.stringContaining('That code is not right')]);
    await page.submit('/verify', { code: guide.code(secret) });
    expect(page.status).toBe(303);
    expect((await page.open('/2fa')).html).toContain('<nav><a href="/">MyApp</a></nav><main class="tf">');
    expect((await page.open('/2fa/remove?id=none')).html).toBe('<p>Nothing here, by an engine</p>');
  });

  async function spa(): Promise<{ agent: Agent; secret: string; user: Account } & Spa> {
    guide = await GuideApp.open();
    await guide.run(blocksIn(file, '## The JSON API')[0]);
    const { user, secret } = await guide.withTotp(1);
    const agent = guide.agent();
    const client = await guide.run<Spa>(blocksIn(file, '### CSRF')[0], { fetch: fetchOf(agent) });
    return { agent, secret, user, ...client };
  }

  it('finishes a login by the client of a single-page app, whose token changes with the session', async () => {
    const { agent, secret, user, call, finishLogin } = await spa();
    expect(await call('/status')).toEqual({ state: 'anonymous' });
    await expect(finishLogin(() => Promise.resolve('000000'))).rejects.toThrow('No login is pending.');
    await agent.post('/login').send(user).expect(202);
    const problems: (string | undefined)[] = [];
    const path = await finishLogin((problem) => {
      problems.push(problem);
      return Promise.resolve(problems.length === 1 ? '000000' : guide.code(secret));
    });
    expect([path, problems]).toEqual(['/', [undefined, 'The code is not valid.']]);
    guide.clock.advance('6m');
    expect((await call('/enroll/totp', { label: 'tablet' })).error?.code).toBe('STEP_UP_REQUIRED');
    expect(await call('/step-up', { code: guide.code(secret) })).toMatchObject({ returnTo: '/' });
    expect(await call('/enroll/totp', { label: 'tablet' })).toMatchObject({ secret: expect.any(String) });
    const { body } = await agent.post('/2fa/api/enroll/totp').send({ label: 'other' }).expect(403);
    expect(body).toMatchObject({ error: { code: 'INVALID_CSRF_TOKEN' } });
  });

  it('gives up with a login that is over, and says why', async () => {
    const { agent, user, finishLogin } = await spa();
    await agent.post('/login').send(user).expect(202);
    await expect(
      finishLogin(() => {
        guide.clock.advance('11m');
        return Promise.resolve('000000');
      }),
    ).rejects.toThrow('The login has expired');
  });

  it('serves clients with bearer tokens, without a CSRF token', async () => {
    guide = await GuideApp.open({ prepared: false });
    const user = await guide.user(1);
    process.env.JWT_SECRET = 'secret of the test';
    const bearer = {
      name: 'jwt',
      authenticate(
        this: { success(user: object, info: object): void; fail(): void },
        req: { headers: { authorization?: string } },
      ): void {
        try {
          const token = req.headers.authorization!.replace('Bearer ', '');
          this.success(user, jwt.verify(token, process.env.JWT_SECRET!) as object);
        } catch {
          this.fail();
        }
      },
    };
    guide.passport.use(bearer as never);
    await guide.run(blocksIn(file, '### Bearer tokens')[0], {}, { jsonwebtoken: jwt });
    guide.errors();
    const post = (path: string, token: string, body: object) =>
      request(guide.app).post(`/2fa/api${path}`).set('Authorization', `Bearer ${token}`).send(body);
    const claims = await guide.service.login(user, { via: 'password', kind: 'local' });
    const token = jwt.sign({ sub: '1', ...claims }, process.env.JWT_SECRET);
    await post('/enroll/totp', 'none', {}).expect(401);
    const { body } = await post('/enroll/totp', token, {}).expect(200);
    const code = guide.code((body as { secret: string }).secret);
    const confirmed = await post('/confirm', token, { method: 'totp', code }).expect(200);
    const { access } = (confirmed.body as { tokens: { access: string } }).tokens;
    await post('/backup-codes', token, {}).expect(403);
    await post('/backup-codes', access, {}).expect(200);
  });

  it('stands below a prefix with all of its links', async () => {
    guide = await GuideApp.open({ prepared: false });
    const { passport, app } = guide;
    app.use(passport.session());
    await guide.run(blocksIn(file, '## Behind a prefix or a proxy')[0]);
    const { user, secret } = await guide.withTotp(1);
    app.post('/login', (req, res, next) => {
      (passport.authenticate('local') as (...args: unknown[]) => void)(req, res, next);
    });
    const page = await browser(user);
    await page.open('/app/2fa');
    const addresses = [...page.html.matchAll(/(?:href|action|src)="([^"]+)"/g)].map(([, address]) => address!);
    expect(addresses.length).toBeGreaterThan(4);
    expect(addresses.filter((address) => !address.startsWith('/app/'))).toEqual([]);
    await page.submit('/verify', { code: guide.code(secret) });
    expect(page.location).toBe('/app/account');
    const stranger = new FormClient(guide.agent());
    expect((await stranger.open('/app/2fa')).location).toBe('/app/login');
  });

  it('sends users without passwords to log in again', async () => {
    guide = await GuideApp.open();
    guide.login();
    await guide.run(blocksIn(file, '## An app without passwords')[0]);
    const page = await browser(await guide.user(1));
    guide.clock.advance('6m');
    await (await page.open('/2fa/add')).follow();
    expect([page.status, page.html]).toEqual([403, expect.stringContaining('href="/auth/github"')]);
  });
});
