import type { Messages } from './en.js';

export const de: Messages = {
  'page.error': 'Fehler: {title}',

  'method.totp': 'Authentifizierungs-App',
  'method.email': 'E-Mail',
  'method.sms': 'SMS',
  'method.passkey': 'Passkey',
  'method.backup_code': 'Ersatzcode',

  'code.title.login': 'Noch ein Schritt zur Anmeldung',
  'code.title.step-up': 'Bestätigen Sie, dass Sie es sind',
  'code.title.enrollment': 'Code eingeben',
  'code.from.totp': 'Öffnen Sie Ihre Authentifizierungs-App und geben Sie den Code ein, den sie zeigt.',
  'code.from.email': 'Geben Sie den Code ein, der an {contact} gesendet wurde.',
  'code.from.sms': 'Geben Sie den Code ein, der an {contact} gesendet wurde.',
  'code.from.passkey': 'Bestätigen Sie mit Ihrem Gerät: mit Fingerabdruck, Gesicht, PIN oder Sicherheitsschlüssel.',
  'code.from.backup_code': 'Geben Sie einen der Ersatzcodes ein, die Sie aufbewahrt haben. Jeder gilt einmal.',
  'code.label': 'Code',
  'code.label.backup_code': 'Ersatzcode',
  'code.hint': '{digits} Ziffern',
  'code.hint.auto': '{digits} Ziffern. Sobald sie vollständig sind, wird das Formular gesendet.',
  'code.hint.backup_code': '13 Buchstaben und Ziffern; auf Striche kommt es nicht an',
  'code.submit': 'Weiter',
  'code.resend': 'Neuen Code senden',
  'code.resendIn': 'Einen neuen Code können Sie in {time} anfordern.',
  'code.sent': 'Ein Code ist unterwegs an {contact}.',
  'wait.text': 'Noch {time}.',
  'wait.retry': 'Noch einmal versuchen',
  'code.other': 'Eine andere Methode verwenden',
  'code.logInAgain': 'Als jemand anderes anmelden',
  'code.cancel': 'Abbrechen',

  'choose.title': 'Methode wählen',
  'choose.text': 'Wie möchten Sie bestätigen, dass Sie es sind?',
  'choose.totp': 'Mit dem Code, den Ihre App zeigt',
  'choose.email': 'Code an {contact} senden lassen',
  'choose.sms': 'Code an {contact} senden lassen',
  'choose.passkey': 'Mit Fingerabdruck, Gesicht, PIN oder Sicherheitsschlüssel bestätigen',
  'choose.spent': 'An {contact} werden vorerst keine Nachrichten mehr gesendet. Wieder in {time}.',
  'choose.backup_code': 'Mit einem der Codes, die Sie aufbewahrt haben',

  'password.title': 'Bestätigen Sie, dass Sie es sind',
  'password.text': 'Geben Sie Ihr Passwort noch einmal ein.',
  'password.label': 'Passwort',
  'password.submit': 'Weiter',

  'manage.title': 'Anmeldung in zwei Schritten',
  'manage.off': 'Die Anmeldung in zwei Schritten ist aus. Ihr Konto schützt allein der erste Schritt.',
  'manage.on':
    'Die Anmeldung in zwei Schritten ist an. Beim Anmelden wird zusätzlich nach einer dieser Methoden gefragt.',
  'manage.methods': 'Ihre Methoden',
  'manage.addedOn': 'Hinzugefügt am {date}',
  'manage.usedOn': 'Zuletzt verwendet am {date}',
  'manage.neverUsed': 'Noch nicht verwendet',
  'manage.name': 'Name',
  'manage.rename': 'Umbenennen',
  'manage.renameOf': '{name} umbenennen',
  'manage.save': 'Speichern',
  'manage.remove': 'Entfernen',
  'manage.removeOf': '{name} entfernen',
  'manage.add': 'Methode hinzufügen',
  'manage.back': 'Zurück zu {site}',
  'manage.codes': 'Ersatzcodes',
  'manage.codes.left': 'Mit ihnen melden Sie sich an, wenn Ihr Telefon nicht zur Hand ist. Übrige Codes: {count}.',
  'manage.codes.few': 'Es sind nur noch wenige Ersatzcodes übrig ({count}). Erstellen Sie rechtzeitig neue.',
  'manage.codes.none': 'Sie haben keine Ersatzcodes. Ohne sie kann ein verlorenes Telefon Sie aussperren.',
  'manage.codes.make': 'Ersatzcodes erstellen',
  'manage.codes.renew': 'Neue Ersatzcodes erstellen',
  'manage.codes.old': 'Die alten gelten dann nicht mehr.',

  'add.title': 'Methode hinzufügen',
  'add.text': 'Wählen Sie, wonach beim Anmelden gefragt werden soll.',
  'add.totp': 'Eine App auf Ihrem Telefon zeigt alle 30 Sekunden einen neuen Code. Sie braucht kein Netz.',
  'add.passkey':
    'Ihr Handy, Ihr Computer oder ein Sicherheitsschlüssel bestätigt, dass Sie es sind. Niemand kann ihn abschreiben.',
  'add.email': 'Bei jeder Anmeldung wird ein Code an Ihre E-Mail-Adresse gesendet.',
  'add.sms': 'Bei jeder Anmeldung wird ein Code an Ihr Telefon gesendet.',
  'add.recommended': 'Empfohlen',

  'contact.title.email': 'Codes per E-Mail',
  'contact.title.sms': 'Codes per SMS',
  'contact.label.email': 'E-Mail-Adresse',
  'contact.label.sms': 'Telefonnummer',
  'contact.hint.number': 'Mit Landesvorwahl, etwa +15551234567',
  'contact.submit': 'Code senden',

  'passkey.title.enrollment': 'Passkey einrichten',
  'passkey.text':
    'Ihr Gerät erstellt einen Passkey und bewahrt ihn auf. Beim Anmelden fragt es nach Fingerabdruck, Gesicht oder ' +
    'PIN.',
  'passkey.name': 'Name',
  'passkey.name.hint': 'Er kann leer bleiben: dann heißt der Passkey wie Ihr Gerät.',
  'passkey.make': 'Passkey erstellen',
  'passkey.use': 'Passkey verwenden',
  'passkey.unsupported':
    'Dieser Browser kann hier keine Passkeys verwenden. Nehmen Sie eine andere Methode oder einen anderen Browser.',
  'passkey.failed': 'Das hat nicht geklappt oder wurde abgebrochen. Versuchen Sie es noch einmal oder anders.',
  'manage.synced': 'Zwischen Ihren Geräten abgeglichen',

  'totp.title': 'Authentifizierungs-App einrichten',
  'totp.scan': 'Scannen Sie dieses Bild mit Ihrer App',
  'totp.qr': 'QR-Code für Ihre Authentifizierungs-App. Der Schlüssel darunter sagt dasselbe.',
  'totp.open': 'In einer App auf diesem Gerät öffnen',
  'totp.key': 'Oder tippen Sie diesen Schlüssel in die App',
  'totp.copy': 'Schlüssel kopieren',
  'totp.enter': 'Geben Sie den Code ein, den die App zeigt',
  'totp.once': 'Bild und Schlüssel werden nur dieses Mal gezeigt.',

  'backup.title': 'Bewahren Sie Ihre Ersatzcodes auf',
  'backup.text':
    'Jeder dieser Codes lässt Sie einmal hinein, wenn Ihr Telefon nicht zur Hand ist. Sie werden nur dieses Mal ' +
    'gezeigt: Bewahren Sie sie bei Ihren Passwörtern auf.',
  'backup.list': 'Ersatzcodes',
  'backup.download': 'Herunterladen',
  'backup.print': 'Drucken',
  'backup.copy': 'Kopieren',
  'backup.copied': 'Kopiert',
  'backup.saved': 'Ich habe meine Ersatzcodes gesichert',
  'backup.continue': 'Weiter',
  'backup.file': '{site}: Ersatzcodes. Jeder von ihnen gilt einmal.',

  'remove.title': 'Diese Methode entfernen?',
  'remove.text': '„{name}“ wird beim Anmelden nicht mehr abgefragt.',
  'remove.last':
    'Es ist Ihre letzte: Die Anmeldung in zwei Schritten ist dann aus, und Ihre Ersatzcodes gelten nicht mehr.',
  'remove.submit': 'Entfernen',
  'remove.cancel': 'Behalten',

  'notice.added': 'Die Methode wurde hinzugefügt.',
  'notice.removed': 'Die Methode wurde entfernt.',
  'notice.renamed': 'Der Name wurde gespeichert.',

  'message.logIn': 'Anmelden',
  'message.back': 'Zurück',
  'done.title': 'Geschafft',
  'done.text': 'Es geht dorthin weiter, wohin Sie wollten.',
  'unavailable.title': 'Die Anmeldung geht gerade nicht',
  'unavailable.TOO_MANY_ATTEMPTS':
    'Es wurden so viele Codes gesendet oder verlangt, dass es vorerst keine mehr gibt. Niemand wurde angemeldet. ' +
    'Melden Sie sich in {time} neu an.',
  'unavailable.DELIVERY_FAILED':
    'Der Code für Ihre Anmeldung konnte nicht gesendet werden, und niemand wurde angemeldet. Melden Sie sich in ' +
    'ein paar Minuten neu an.',
  'over.title': 'Melden Sie sich neu an',
  'over.text':
    'Auch dieser Code war falsch, und es waren zu viele: Diese Anmeldung ist beendet. Melden Sie sich neu an.',
  'expired.title': 'Melden Sie sich neu an',
  'expired.text': 'Diese Anmeldung ist abgelaufen, oder es waren zu viele Codes falsch.',
  'stale.title': 'Das hat nicht geklappt',
  'stale.text':
    'Diese Seite war zu lange offen oder wurde von einer anderen Website geöffnet. Es wurde nichts geändert. ' +
    'Versuchen Sie es noch einmal.',
  'again.title': 'Melden Sie sich neu an',
  'again.text':
    'Ihre letzte Anmeldung liegt dafür zu lange zurück. Melden Sie sich ab und wieder an und versuchen Sie es ' +
    'dann noch einmal.',
  'unreadable.title': 'Das hat nicht geklappt',
  'unreadable.text': 'Die Anfrage konnte nicht gelesen werden.',
  'missing.title': 'Hier ist nichts',
  'missing.text': 'Diese Seite gibt es nicht, oder das, wofür sie da war, ist nicht mehr da.',

  'error.INVALID_CODE':
    'Dieser Code ist falsch oder wurde schon verwendet: Jeder gilt einmal. Ihre App zeigt innerhalb von 30 ' +
    'Sekunden den nächsten.',
  'error.INVALID_CODE.email':
    'Dieser Code ist falsch, zu alt oder schon verwendet: Jeder gilt einmal. Geben Sie den neuesten ein.',
  'error.INVALID_CODE.sms':
    'Dieser Code ist falsch, zu alt oder schon verwendet: Jeder gilt einmal. Geben Sie den neuesten ein.',
  'error.INVALID_CODE.passkey':
    'Der Passkey konnte nicht bestätigt werden. Versuchen Sie es noch einmal oder mit einer anderen Methode.',
  'error.INVALID_BACKUP_CODE': 'Dieser Ersatzcode ist falsch oder wurde schon verwendet.',
  'error.INVALID_CREDENTIALS': 'Dieses Passwort ist falsch.',
  'error.TOO_MANY_ATTEMPTS': 'Zu viele Versuche. Versuchen Sie es in {time} noch einmal.',
  'error.ALREADY_ENABLED': 'Diese Methode haben Sie schon.',
  'error.NOT_SETUP': 'Diese Einrichtung ist abgelaufen. Beginnen Sie von vorn.',
  'error.DELIVERY_FAILED': 'Der Code konnte nicht gesendet werden. Versuchen Sie es noch einmal.',
  'error.INVALID_INPUT': 'Das konnte nicht gelesen werden. Prüfen Sie Ihre Eingabe.',
  'error.INVALID_INPUT.code': 'Das sieht nicht nach einem Code aus. Prüfen Sie Ihre Eingabe.',
  'error.INVALID_INPUT.address': 'Geben Sie eine E-Mail-Adresse ein.',
  'error.INVALID_INPUT.phone': 'Geben Sie eine Telefonnummer mit Landesvorwahl ein, etwa +15551234567.',
  'error.INVALID_INPUT.passkey':
    'Dieses Konto braucht einen Passkey. Richten Sie einen weiteren ein, bevor Sie den letzten entfernen.',
  'error.INVALID_INPUT.label': 'Geben Sie einen Namen von höchstens 64 Zeichen ein.',
  'error.other': 'Das hat nicht geklappt. Versuchen Sie es noch einmal.',
};
