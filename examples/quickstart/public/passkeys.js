'use strict';
// A form with data-passkey asks its address in data-options what the browser is to do, and sends what the browser answered.
(function () {
  const webauthn = window.SimpleWebAuthnBrowser;
  if (!webauthn || !webauthn.browserSupportsWebAuthn()) return;
  document.querySelectorAll('form[data-passkey]').forEach(function (form) {
    form.hidden = false;
    form.addEventListener('submit', async function (event) {
      if (form.elements.response.value !== '') return;
      event.preventDefault();
      try {
        const answer = await fetch(form.dataset.options, { method: 'POST' });
        if (!answer.ok) throw new Error(String(answer.status));
        const start = form.dataset.passkey === 'create' ? webauthn.startRegistration : webauthn.startAuthentication;
        form.elements.response.value = JSON.stringify(await start({ optionsJSON: await answer.json() }));
        form.requestSubmit();
      } catch {
        form.querySelector('.hint').hidden = false;
      }
    });
  });
})();
