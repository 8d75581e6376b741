import { OAuth2Server } from 'oauth2-mock-server';
import OAuth2Strategy from 'passport-oauth2';
import type { Response } from 'supertest';
import type { Agent, TestUser } from '../support/app.js';

export interface Person {
  readonly sub: string;
  readonly email: string;
}

export type FindUser = (provider: string, person: Person) => Promise<TestUser | null>;

class UserinfoStrategy extends OAuth2Strategy {
  constructor(
    private readonly issuer: string,
    name: string,
    find: FindUser,
  ) {
    super(
      {
        authorizationURL: `${issuer}/authorize`,
        tokenURL: `${issuer}/token`,
        clientID: 'app',
        clientSecret: 'secret',
        callbackURL: `http://app.test/auth/${name}/callback`,
        scope: 'openid',
        state: true,
      },
      (_accessToken: string, _refreshToken: string, person: Person, done: OAuth2Strategy.VerifyCallback) => {
        find(name, person).then((user) => {
          done(null, user ?? false);
        }, done);
      },
    );
    this.name = name;
  }

  override userProfile(accessToken: string, done: (error?: unknown, profile?: unknown) => void): void {
    this._oauth2.get(`${this.issuer}/userinfo`, accessToken, (error, body) => {
      done(error, typeof body === 'string' ? JSON.parse(body) : undefined);
    });
  }
}

/** An identity provider on loopback at which `person` is logged in, and the strategy of an app that trusts it. */
export class Provider {
  person: Person = { sub: 'nobody', email: 'nobody@example.com' };

  private constructor(
    readonly name: string,
    private readonly server: OAuth2Server,
  ) {
    server.service.on('beforeUserinfo', (answer: { body: object }) => {
      answer.body = this.person;
    });
  }

  static async open(name: string): Promise<Provider> {
    const server = new OAuth2Server();
    await server.issuer.keys.generate('RS256');
    await server.start(0, '127.0.0.1');
    return new Provider(name, server);
  }

  strategy(find: FindUser): OAuth2Strategy {
    return new UserinfoStrategy(this.server.issuer.url!, this.name, find);
  }

  /** Goes to the provider and comes back with its code. */
  async logIn(agent: Agent, person: Person, query = ''): Promise<Response> {
    this.person = person;
    const start = await agent.get(`/auth/${this.name}`).expect(302);
    const atProvider = await fetch(start.headers.location!, { redirect: 'manual' });
    const back = new URL(atProvider.headers.get('location')!);
    return agent.get(`${back.pathname}${back.search}${query}`);
  }

  async close(): Promise<void> {
    await this.server.stop();
  }
}
