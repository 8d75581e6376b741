import ms, { type StringValue } from 'ms';

/** The service's `clock`, standing still until a test moves it: `clock: clock.read`, `clock.advance('30s')`. */
export class FakeClock {
  now = Date.UTC(2026, 0, 1, 12, 0, 0);

  readonly read = (): number => this.now;

  advance(by: number | StringValue): void {
    this.now += typeof by === 'number' ? by : ms(by);
  }
}
