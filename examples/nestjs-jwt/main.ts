import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express';
import { listen, run } from '../quickstart/listen.js';
import { AppModule } from './app.module.js';

run(async () => {
  // The adapter is named, since tsx would find another copy of Nest's classes by the one that Nest imports by itself.
  const app = await NestFactory.create<NestExpressApplication>(AppModule, new ExpressAdapter(), {
    logger: ['warn', 'error'],
    abortOnError: false,
  });
  app.disable('x-powered-by');
  await app.init();
  await listen(app.getHttpAdapter().getInstance(), () => app.close());
});
