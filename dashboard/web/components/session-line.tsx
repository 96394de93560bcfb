/** One line below everything: in whose name this page acts, and the way to another. */
import { t } from '../i18n/language.ts';
import { isSigningIn, session, signIn, signInFault, signOut } from '../live/session.ts';

export function SessionLine() {
  const known = session.value;
  if (!known) return null;
  return (
    <footer class="session" id="session">
      {known.via === 'loopback' && <p>{t('loopbackIsAdmin')}</p>}
      {known.via === 'session' && (
        <p>
          {t('signedIn', { name: known.user ?? '' })}
          <button type="button" class="button" onClick={signOut}>
            {t('signOut')}
          </button>
        </p>
      )}
      {known.closed && <p role="alert">{t('peopleLost')}</p>}
      {known.via === null && !known.closed && (isSigningIn.value ? <SignInForm /> : <SignInOffer />)}
    </footer>
  );
}

function SignInOffer() {
  return (
    <p>
      {t('lookOnly')}
      <button type="button" class="button" onClick={open}>
        {t('signIn')}
      </button>
    </p>
  );
}

function open(): void {
  isSigningIn.value = true;
}

function SignInForm() {
  return (
    <form class="sign-in" onSubmit={submit}>
      <label>
        {t('userName')}
        <input name="user" autocomplete="username" autocapitalize="none" required ref={focus} />
      </label>
      <label>
        {t('password')}
        <input name="password" type="password" autocomplete="current-password" required />
      </label>
      <button type="submit" class="button">
        {t('signIn')}
      </button>
      <p role="alert">{signInFault.value && t(signInFault.value)}</p>
    </form>
  );
}

function focus(input: HTMLInputElement | null): void {
  input?.focus();
}

function submit(event: SubmitEvent): void {
  event.preventDefault();
  const given = new FormData(event.currentTarget as HTMLFormElement);
  void signIn(String(given.get('user')).trim(), String(given.get('password')));
}
