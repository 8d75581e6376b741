import cluster from 'node:cluster';
import { run } from '../quickstart/listen.js';
import { runPrimary } from './primary.js';
import { runWorker } from './worker.js';

run(cluster.isPrimary ? runPrimary : runWorker);
