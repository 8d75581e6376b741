import type { TestProject } from 'vitest/node';

/** Stands in for test/support/global-setup.ts: a mutant is tried on SQLite alone, whatever else answers here. */
export default function setup(project: TestProject): void {
  project.provide('databases', ['sqlite']);
}
