/** Light or dark: as the phone says, until the reader says otherwise. */
import { signal } from '@preact/signals';

type Theme = 'light' | 'dark';

const STORED = 'aimak.theme';

export const theme = signal<Theme>('light');

export function startTheme(): void {
  const system = matchMedia('(prefers-color-scheme: dark)');
  const follow = () => apply(remembered() ?? (system.matches ? 'dark' : 'light'));
  system.addEventListener('change', follow);
  follow();
}

export function toggleTheme(): void {
  const next = theme.peek() === 'dark' ? 'light' : 'dark';
  try {
    localStorage.setItem(STORED, next);
  } catch {
    // A browser that forbids storage: the choice lasts as long as the page.
  }
  apply(next);
}

function apply(next: Theme): void {
  document.documentElement.dataset.theme = next;
  theme.value = next;
}

function remembered(): Theme | null {
  try {
    const stored = localStorage.getItem(STORED);
    return stored === 'light' || stored === 'dark' ? stored : null;
  } catch {
    return null;
  }
}
