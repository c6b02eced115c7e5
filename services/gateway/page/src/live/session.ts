/** The token of this tab. It is given once in the address (`#token=…`) or by hand, and forgotten with the tab. */
const KEY = 'whoosh.token';

export function takeToken(): string | null {
  const fromAddress = new URLSearchParams(location.hash.slice(1)).get('token');
  if (fromAddress) {
    sessionStorage.setItem(KEY, fromAddress);
    // Out of the address at once: addresses are copied, and kept in histories.
    history.replaceState(null, '', location.pathname + location.search);
  }
  return sessionStorage.getItem(KEY);
}

export function keepToken(token: string): void {
  sessionStorage.setItem(KEY, token);
}

export function forgetToken(): void {
  sessionStorage.removeItem(KEY);
}

export interface Bearer {
  readonly name: string;
  readonly role: string;
}

/** What a JWT says of its bearer, for display; the gateway alone decides what it is worth. */
export function bearerOf(token: string): Bearer {
  const payload = token.split('.')[1];
  if (payload === undefined) return { name: 'service', role: 'service' };
  try {
    const json = atob(payload.replaceAll('-', '+').replaceAll('_', '/'));
    const { user_id, role } = JSON.parse(json) as { user_id?: string; role?: string };
    return { name: user_id ?? 'unknown', role: role ?? 'unknown' };
  } catch {
    return { name: 'unknown', role: 'unknown' };
  }
}
