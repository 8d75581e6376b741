import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express';
import session from 'express-session';
import passport from 'passport';
import { listen, run } from '../quickstart/listen.js';
import { refuseOtherSites, safeHeaders } from '../quickstart/page.js';
import { AppModule } from './app.module.js';

run(async () => {
  // The adapter is named, since tsx would find another copy of Nest's classes by the one that Nest imports by itself.
  const app = await NestFactory.create<NestExpressApplication>(AppModule, new ExpressAdapter(), {
    logger: ['warn', 'error'],
    abortOnError: false,
  });
  app.disable('x-powered-by');
  app.use(safeHeaders, refuseOtherSites);
  // What is used here runs before the middleware of any module, so `req.auth` finds session and user.
  app.use(
    session({
      // The default store keeps the sessions in memory, so they end with the process and may as well share a secret with it.
      // Production: a store (connect-redis and the like), a secret that is kept, and `secure: true` behind HTTPS.
      secret: randomBytes(32).toString('hex'),
      name: 'myapp.sid',
      resave: false,
      saveUninitialized: false,
      cookie: { httpOnly: true, sameSite: 'lax' },
    }),
  );
  app.use(passport.session());
  await app.init();
  await listen(app.getHttpAdapter().getInstance(), () => app.close());
});
