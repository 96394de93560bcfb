/** A button that asks something of the server, and says how far that is. */
import { t } from '../i18n/language.ts';
import { actFailure, actState } from '../live/acts.ts';
import { link } from '../live/feed.ts';

interface ActButtonProps {
  /** Of the act. */
  readonly of: string;
  readonly word: string;
  /** What it is done to, for those who hear the button alone. */
  readonly about: string;
  /** None: the form around it is sent. */
  readonly onAct?: () => void;
}

/** Not `disabled`: that would take the focus from whoever has just pressed it. */
export function ActButton({ of, word, about, onAct }: ActButtonProps) {
  const isSending = actState(of)?.kind === 'sending';
  const isIdle = isSending || link.value === 'blind';
  const shown = isSending ? t('sending') : isIdle ? t('noLink') : word;
  const act = (event: Event): void => {
    if (isIdle) event.preventDefault();
    else onAct?.();
  };
  return (
    <button
      type={onAct ? 'button' : 'submit'}
      class="button act"
      aria-disabled={isIdle}
      aria-label={`${shown}: ${about}`}
      onClick={act}
    >
      {shown}
    </button>
  );
}

/** Why it was not done. */
export function ActFault({ of }: { of: string }) {
  const failure = actFailure(of);
  if (!failure) return null;
  return (
    <p class="act-fault" role="alert">
      {t(failure.why, { why: failure.said })}
    </p>
  );
}
