import { OAuth2Server, type MutableResponse } from 'oauth2-mock-server';
import { Strategy, type VerifyCallback } from 'passport-oauth2';

export interface Profile {
  readonly sub: string;
  readonly email: string;
}

const alex: Profile = { sub: 'alex', email: 'alex@example.com' };

/** An identity provider on this machine. It asks for no password: everybody who comes by is Alex. */
export async function startProvider(): Promise<OAuth2Server> {
  const provider = new OAuth2Server();
  await provider.issuer.keys.generate('RS256');
  provider.service.on('beforeUserinfo', (userinfo: MutableResponse) => {
    userinfo.body = { ...alex };
  });
  await provider.start(0, 'localhost');
  return provider;
}

type FindAccount = (profile: Profile) => Express.User;

/** What `passport-github2` and the like are to their providers. */
export class ProviderStrategy extends Strategy {
  constructor(
    private readonly issuer: string,
    callbackURL: string,
    account: FindAccount,
  ) {
    super(
      {
        authorizationURL: `${issuer}/authorize`,
        tokenURL: `${issuer}/token`,
        clientID: 'myapp',
        clientSecret: 'not a secret',
        // In production an absolute URL: a relative one is taken from the request's Host header.
        callbackURL,
        scope: ['openid', 'email'],
        // Both bind the provider's answer to the browser that asked.
        state: true,
        pkce: true,
      },
      (_accessToken: string, _refreshToken: string, profile: Profile, done: VerifyCallback) => {
        done(null, account(profile));
      },
    );
    this._oauth2.useAuthorizationHeaderforGET(true);
  }

  override userProfile(accessToken: string, done: (error?: unknown, profile?: Profile) => void): void {
    this._oauth2.get(`${this.issuer}/userinfo`, accessToken, (error, body) => {
      if (typeof body === 'string') done(null, JSON.parse(body) as Profile);
      else done(new Error('The provider did not answer.', { cause: error }));
    });
  }
}
