import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { UseGuards, type ExecutionContext } from '@nestjs/common';
import { Args, Context, GraphQLModule, Mutation, Query, Resolver } from '@nestjs/graphql';
import type { Request } from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TooManyAttemptsError, type RequestAuth } from 'passport-two-factor';
import { Auth, SecondFactor, SecondFactorGuard } from 'passport-two-factor/nestjs';
import { NestTest, type Agent } from './app.js';
import { idOf, Sessions } from './controllers.js';

const schema = `
  type Query { me: Int! secret: String! locked: String! }
  type Mutation { logIn(email: String!): Int! enterCode(code: String!): Int! }
`;

@Resolver()
class Accounts {
  @Mutation()
  async logIn(@Auth() auth: RequestAuth, @Args('email') email: string) {
    return ((await auth.login(email, 'correct horse')) as { id: number }).id;
  }

  @Mutation()
  async enterCode(@Auth() auth: RequestAuth, @Args('code') code: string) {
    await auth.twoFactor.verify.totp(code);
    return ((await auth.completeTwoFactorLogin()) as { id: number }).id;
  }

  @Query()
  me(@Context('req') req: Request) {
    return idOf(req).id;
  }

  @Query()
  @UseGuards(SecondFactorGuard)
  @SecondFactor({ maxAge: '5m' })
  secret() {
    return 'under the mat';
  }

  @Query()
  locked() {
    throw new TooManyAttemptsError(7);
  }
}

interface Answer {
  readonly data: Record<string, unknown> | null;
  readonly errors?: { readonly message: string; readonly extensions: Record<string, unknown> }[];
}

const graphql = () =>
  GraphQLModule.forRoot<ApolloDriverConfig>({
    driver: ApolloDriver,
    typeDefs: schema,
    allowBatchedHttpRequests: true,
    playground: false,
  });

const ask = async (agent: Agent, query: string): Promise<Answer> => {
  const { body } = await agent.post('/graphql').send({ query });
  return body as Answer;
};
const codeOf = ({ errors }: Answer) => errors?.[0]?.extensions.code;

describe('a Nest app with GraphQL', () => {
  let test: NestTest;
  let next = 0;
  beforeAll(async () => {
    test = await NestTest.open({ controllers: [Sessions], providers: [Accounts], imports: [graphql()] });
  });
  afterAll(() => test.close());
  const enrolled = () => test.withTotp((next += 1));

  it('halts a login, tells what it can be finished by, and finishes it by the code', async () => {
    const { user, secret } = await enrolled();
    const agent = test.agent();
    const halted = await ask(agent, `mutation { logIn(email: "${user.email}") }`);
    expect(halted.data).toBeNull();
    expect(halted.errors![0]!.extensions).toMatchObject({
      code: 'SECOND_FACTOR_REQUIRED',
      methods: { totp: true, backupCode: true },
      expiresAt: expect.any(Number),
    });
    expect(codeOf(await ask(agent, '{ me }'))).toBe('NOT_LOGGED_IN');
    expect(codeOf(await ask(agent, '{ secret }'))).toBe('NOT_LOGGED_IN');
    expect(codeOf(await ask(agent, 'mutation { enterCode(code: "000000") }'))).toBe('INVALID_CODE');
    expect(await ask(agent, `mutation { enterCode(code: "${test.totp(secret)}") }`)).toEqual({
      data: { enterCode: user.id },
    });
    expect(await ask(agent, '{ me secret }')).toEqual({ data: { me: user.id, secret: 'under the mat' } });
    test.clock.advance('6m');
    expect(codeOf(await ask(agent, '{ secret }'))).toBe('STEP_UP_REQUIRED');
  });

  it('guards every alias and every operation of a batch', async () => {
    const { user } = await enrolled();
    const agent = test.agent();
    await ask(agent, `mutation { logIn(email: "${user.email}") }`);
    const aliases = await ask(agent, '{ a: secret b: secret c: __typename }');
    expect(aliases.data).toBeNull();
    expect(JSON.stringify(aliases)).not.toContain('mat');
    const { body } = await agent.post('/graphql').send([{ query: '{ secret }' }, { query: '{ x: secret }' }]);
    expect((body as Answer[]).map(codeOf)).toEqual(['NOT_LOGGED_IN', 'NOT_LOGGED_IN']);
  });

  it('gives a hundred guesses by aliases, or by a batch, no more than one budget', async () => {
    const { user, secret } = await enrolled();
    const agent = test.agent();
    await ask(agent, `mutation { logIn(email: "${user.email}") }`);
    const guesses = Array.from({ length: 20 }, (_, index) => `g${index}: enterCode(code: "${100_000 + index}")`);
    const right = `right: enterCode(code: "${test.totp(secret)}")`;
    const guessed = await ask(agent, `mutation { ${[...guesses, right].join(' ')} }`);
    expect(guessed.data).toBeNull();
    await ask(agent, `mutation { logIn(email: "${user.email}") }`);
    const batch = [...guesses, right].map((guess) => ({ query: `mutation { ${guess} }` }));
    const { body } = await agent.post('/graphql').send(batch);
    const answers = body as Answer[];
    expect(answers.filter(({ data }) => data !== null)).toEqual([]);
    expect(codeOf(await ask(agent, '{ me }'))).toBe('NOT_LOGGED_IN');
  });

  it('logs nobody in by a password and a code of one batch whose code is wrong', async () => {
    const { user } = await enrolled();
    const agent = test.agent();
    await ask(agent, `mutation { a: logIn(email: "${user.email}") b: enterCode(code: "000000") }`);
    expect(codeOf(await ask(agent, '{ me }'))).toBe('NOT_LOGGED_IN');
  });

  it('tells how long to wait, and no stack that holds a code or a contact', async () => {
    const { errors } = await ask(test.agent(), '{ locked }');
    expect(errors![0]!.extensions).toMatchObject({ code: 'TOO_MANY_ATTEMPTS', retryAfter: 7 });
    const user = await test.user((next += 1));
    await test.service.setup.email(String(user.id));
    const halted = await ask(test.agent(), `mutation { logIn(email: "${user.email}") }`);
    expect(codeOf(halted)).toBe('SECOND_FACTOR_REQUIRED');
    expect(JSON.stringify(halted)).not.toContain(test.outbox.last(user.email).code);
    expect(JSON.stringify(halted)).not.toContain(user.email);
  });
});

describe('a context without a request of somebody', () => {
  it.each([
    ['ws', 'knows nothing of "ws"'],
    ['rpc', 'knows nothing of "rpc"'],
    ['graphql', 'the context of GraphQL has no request'],
  ])('%s is denied', async (type, told) => {
    const context = {
      getType: () => type,
      getHandler: () => undefined,
      getClass: () => undefined,
      getArgByIndex: () => ({ request: { user: { id: 1 } } }),
    } as unknown as ExecutionContext;
    const guard = new SecondFactorGuard({ settings: {} } as never, { getAllAndOverride: () => undefined } as never);
    await expect(guard.canActivate(context)).rejects.toThrow(told);
  });
});
