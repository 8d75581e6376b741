/** What came back, after redirects. */
export interface Page {
  readonly status: number;
  readonly path: string;
  readonly text: string;
  readonly headers: Headers;
}

export interface Answer {
  readonly status: number;
  readonly body: ReturnType<typeof JSON.parse>;
}

interface Form {
  readonly action: string;
  readonly inputs: ReadonlyMap<string, string | undefined>;
}

const attribute = (tag: string, name: string): string | undefined => new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1];

/** The forms of a page with the names of their fields; those of hidden ones with their values. */
function formsOf(text: string): Form[] {
  return [...text.matchAll(/<form([^>]*)>([\s\S]*?)<\/form>/g)].map(([, tag = '', content = '']) => ({
    action: attribute(tag, 'action') ?? '',
    inputs: new Map(
      [...content.matchAll(/<input[^>]*>/g)].map(([input]) => [
        attribute(input, 'name') ?? '',
        attribute(input, 'type') === 'hidden' ? attribute(input, 'value') : undefined,
      ]),
    ),
  }));
}

/** A browser without JavaScript: cookies, redirects and the forms of the page that it is on. Also a JSON client. */
export class Browser {
  /** Every text that this client was given, by the path that gave it. */
  readonly received: { path: string; text: string }[] = [];
  /** The `Set-Cookie` header that came last. */
  lastCookie = '';
  private readonly cookies = new Map<string, string>();

  constructor(readonly url: string) {}

  open(path: string): Promise<Page> {
    return this.follow(new URL(path, this.url));
  }

  /** Fills in a form of the page and sends it. There has to be one, with these fields. */
  submit(page: Page, action: string, fields: Record<string, string> = {}): Promise<Page> {
    const form = formsOf(page.text).find(
      ({ action: to, inputs }) =>
        to === action &&
        Object.entries(fields).every(([name, value]) => inputs.has(name) && (inputs.get(name) ?? value) === value),
    );
    if (!form)
      throw new Error(
        `${page.path} has no form to ${action} with ${Object.keys(fields).join(', ') || 'no fields'}:\n${page.text}`,
      );
    const hidden = Object.fromEntries([...form.inputs].filter(([, value]) => value !== undefined)) as Record<
      string,
      string
    >;
    return this.follow(new URL(action, this.url), {
      method: 'POST',
      body: new URLSearchParams({ ...hidden, ...fields }),
    });
  }

  async post(path: string, body: unknown = {}): Promise<Answer> {
    const headers = { 'Content-Type': 'application/json' };
    return this.json(
      await this.request(new URL(path, this.url), { method: 'POST', headers, body: JSON.stringify(body) }),
      path,
    );
  }

  async get(path: string): Promise<Answer> {
    return this.json(await this.request(new URL(path, this.url), {}), path);
  }

  /** One request with these headers, redirects not followed. */
  request(url: URL, init: RequestInit): Promise<Response> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    return fetch(url, {
      ...init,
      redirect: 'manual',
      headers: { ...(init.headers as Record<string, string> | undefined), cookie },
    });
  }

  private async json(response: Response, path: string): Promise<Answer> {
    this.keepCookies(response);
    const text = await response.text();
    this.received.push({ path, text });
    return { status: response.status, body: JSON.parse(text) };
  }

  private async follow(url: URL, init: RequestInit = {}): Promise<Page> {
    const response = await this.request(url, init);
    this.keepCookies(response);
    const location = response.headers.get('location');
    if (location !== null) {
      await response.arrayBuffer();
      return this.follow(new URL(location, url));
    }
    const page = {
      status: response.status,
      path: url.pathname,
      text: await response.text(),
      headers: response.headers,
    };
    this.received.push(page);
    return page;
  }

  private keepCookies(response: Response): void {
    for (const cookie of response.headers.getSetCookie()) {
      this.lastCookie = cookie;
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      this.cookies.set(name, value);
    }
  }
}
