import { createHmac } from 'node:crypto';

export interface Claims {
  readonly user_id: string;
  readonly role: 'admin' | 'user';
}

/** A JWT (HS256, RFC 7519) of the kind that the gateway takes. Seconds, as the format wants them. */
export function signJwt(
  secret: string,
  claims: Claims,
  { issuedAt, lifetime }: { issuedAt: number; lifetime: number },
): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ ...claims, iat: issuedAt, exp: issuedAt + lifetime })}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}
