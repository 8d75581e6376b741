import type request from 'supertest';
import { expect } from 'vitest';
import type { Agent } from '../support/app.js';

/** A browser without JavaScript: it reads a page, fills in one of its forms and sends what the form says. */
export class FormClient {
  html = '';
  status = 0;
  location: string | undefined;

  constructor(readonly agent: Agent) {}

  async open(path: string): Promise<this> {
    return this.take(await this.agent.get(path));
  }

  /** Sends the page's form whose action ends so, with what stands in its fields unless something else is filled in. */
  async submit(action: string, fields: Record<string, string> = {}): Promise<this> {
    const forms = [...this.html.matchAll(/<form method="post" action="([^"]*)"[^>]*>([^]*?)<\/form>/g)];
    const form = forms.find(([, target]) => target!.endsWith(action));
    expect(form, `a form for ${action} in ${this.html}`).toBeDefined();
    const filled = [...form![2]!.matchAll(/<input [^>]*name="([^"]*)"[^>]*value="([^"]*)"/g)].map(([, name, value]) => [
      name!,
      plain(value!),
    ]);
    return this.take(
      await this.agent
        .post(form![1]!)
        .type('form')
        .send({ ...Object.fromEntries(filled), ...fields }),
    );
  }

  follow(): Promise<this> {
    return this.open(this.location!);
  }

  /** The text of the page, without its markup. */
  get text(): string {
    return plain(this.html.replace(/<head>[^]*<\/head>/, '').replace(/<[^>]*>/g, ' '))
      .replace(/\s+/g, ' ')
      .trim();
  }

  get title(): string {
    return plain(/<title>([^<]*)<\/title>/.exec(this.html)?.[1] ?? '');
  }

  private take(answer: request.Response): this {
    this.html = answer.text;
    this.status = answer.status;
    this.location = answer.headers.location;
    return this;
  }
}

const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };
export const plain = (markup: string): string =>
  markup.replace(/&(amp|lt|gt|quot|#39);/g, (_all, name: string) => entities[name]!);
