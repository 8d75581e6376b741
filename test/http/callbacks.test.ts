import { Strategy as LocalStrategy } from 'passport-local';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TwoFactorStrategy } from 'passport-two-factor';
import { TestApp, type TestUser } from '../support/app.js';
import { databases } from '../support/databases.js';

const [sqlite] = databases;

describe("an app's callback that throws", () => {
  let test: TestApp;
  let user: TestUser;
  const called: string[] = [];

  beforeAll(async () => {
    test = await TestApp.open(sqlite!, {
      routes: (app, { passport, service }) => {
        const answers = {
          sync: (done: (error: unknown, user: unknown) => void) => {
            done(null, false);
          },
          async: (done: (error: unknown, user: unknown) => void) => {
            setTimeout(() => {
              done(null, false);
            }, 1);
          },
          right: (done: (error: unknown, user: unknown) => void) => {
            done(null, user);
          },
          broken: (done: (error: unknown, user: unknown) => void) => {
            done(new Error('no directory'), false);
          },
        };
        for (const [name, answer] of Object.entries(answers)) {
          passport.use(
            new TwoFactorStrategy(
              { service, name },
              new LocalStrategy((_name, _password, done) => {
                answer(done as never);
              }),
            ),
          );
          app.post(`/throws/${name}`, (req, res, next) => {
            passport.authenticate(name, (error: unknown) => {
              called.push(name);
              if (error) {
                next(error);
                return;
              }
              throw new Error(`of the callback for ${name}`);
            })(req, res, next);
          });
          app.post(
            `/flash/${name}`,
            passport.authenticate(name, { failureFlash: 'No', successFlash: 'Yes' }),
            (_req, res) => {
              res.end();
            },
          );
        }
      },
    });
    user = await test.user(1);
  });
  afterAll(() => test.close());

  const body = { username: 'alice', password: 'secret' };

  it.each(['sync', 'async', 'right'])(
    'is a 500, as with the bare strategy, where the strategy answers like "%s"',
    async (name) => {
      const answer = await test.agent().post(`/throws/${name}`).send(body).expect(500);
      expect(answer.body).toEqual({ internal: `of the callback for ${name}` });
      await test.agent().get('/me').expect(401);
    },
  );

  it('is one where the credentials are missing, and is called once', async () => {
    called.length = 0;
    await test.agent().post('/throws/sync').send({}).expect(500);
    expect(called).toEqual(['sync']);
  });

  it('is called with an error once', async () => {
    called.length = 0;
    const answer = await test.agent().post('/throws/broken').send(body).expect(500);
    expect([answer.body, called]).toEqual([{ internal: 'no directory' }, ['broken']]);
  });

  it.each(['sync', 'async', 'right'])('is a 500 too where a flash message has no place to go: %s', async (name) => {
    await test.agent().post(`/flash/${name}`).send(body).expect(500);
  });
});
