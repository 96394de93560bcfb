import type { Accounts } from '../../dashboard/ports.ts';

/** Nobody has a password. */
export const noAccounts: Accounts = {
  canAnybodySignIn: () => false,
  signIn: async () => ({ kind: 'refused' }),
  ofSession: () => undefined,
  signOut: () => undefined,
};
