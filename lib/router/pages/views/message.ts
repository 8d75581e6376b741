import { html } from '../html.js';
import { page } from '../layout.js';
import type { PageView } from '../page-types.js';

export const messagePage = (view: PageView<'message'>): string =>
  page(
    view,
    view.title,
    html`
<p>${view.text}</p>
<p class="tf-actions"><a class="tf-button" href="${view.href}">${view.link}</a></p>`,
  );
