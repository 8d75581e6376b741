import { Router } from 'express';
import type { Outbox } from '../outbox.js';
import { sendPage } from '../page.js';
import { outboxView } from '../views.js';

/** Development only: it shows everybody's codes to anybody. */
export function outboxPage({ outbox }: { outbox: Outbox }): Router {
  const pages = Router();
  pages.get('/outbox', (req, res) => {
    sendPage(req, res, 'Outbox', outboxView(outbox.messages));
  });
  return pages;
}
