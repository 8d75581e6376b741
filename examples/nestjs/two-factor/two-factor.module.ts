import {
  ConfigurableModuleBuilder,
  Global,
  Inject,
  Module,
  type MiddlewareConsumer,
  type NestModule,
} from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import passport from 'passport';
import { twoFactorAuth, twoFactorEntities, TwoFactorService, type TwoFactorOptions } from 'passport-two-factor';
import { DataSource } from 'typeorm';
import { TwoFactorController } from './two-factor.controller.js';
import { TwoFactorFilter } from './two-factor.filter.js';

type Options = Omit<TwoFactorOptions, 'db'>;

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<Options>()
  .setClassMethodName('forRoot')
  .build();

/** The second factor of a Nest app: `TwoFactorModule.forRootAsync({ inject, useFactory })`. Global, so that any guard finds the service. */
@Global()
@Module({
  imports: [TypeOrmModule.forFeature([...twoFactorEntities()])],
  controllers: [TwoFactorController],
  providers: [
    {
      provide: TwoFactorService,
      inject: [MODULE_OPTIONS_TOKEN, DataSource],
      useFactory: (options: Options, db: DataSource) => new TwoFactorService({ ...options, db }),
    },
    { provide: APP_FILTER, useClass: TwoFactorFilter },
  ],
  exports: [TwoFactorService],
})
export class TwoFactorModule extends ConfigurableModuleClass implements NestModule {
  // tsx emits no decorator metadata, so every injection of this example names its token.
  constructor(@Inject(TwoFactorService) private readonly service: TwoFactorService) {
    super();
  }

  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(twoFactorAuth({ service: this.service, passport })).forRoutes('{*path}');
  }
}
