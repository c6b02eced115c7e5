import { randomBytes } from 'node:crypto';
import { type Secret } from '@whoosh/config';
import { sha256Hex } from '@whoosh/stdx';
import { SignJWT } from 'jose';

const JOIN_TOKEN_BYTES = 32;
/** An agent renews its token from half of this time. */
export const AGENT_TOKEN_LIFE_MS = 60 * 60 * 1_000;

/** For one attempt of one deployment: good for registering, nothing else. Only the digest is stored. */
export function newJoinToken(): { token: string; sha256: string } {
  const token = randomBytes(JOIN_TOKEN_BYTES).toString('base64url');
  return { token, sha256: sha256Hex(token) };
}

/** Issues what an agent shows at the gateway. */
export class AgentTokens {
  readonly #key: Uint8Array;

  constructor(secret: Secret) {
    this.#key = new TextEncoder().encode(secret.reveal());
  }

  async issue(
    agentId: string,
    deploymentId: string | null,
    nowMs: number,
  ): Promise<{ token: string; expiresAtMs: number }> {
    const issuedAt = Math.floor(nowMs / 1_000);
    const expiresAt = issuedAt + AGENT_TOKEN_LIFE_MS / 1_000;
    const deployment = deploymentId === null ? {} : { deployment_id: deploymentId };
    const token = await new SignJWT({ user_id: agentId, role: 'agent', ...deployment })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setIssuedAt(issuedAt)
      .setExpirationTime(expiresAt)
      .sign(this.#key);
    return { token, expiresAtMs: expiresAt * 1_000 };
  }
}
