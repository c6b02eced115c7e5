import * as z from 'zod';

const Answer = z.object({ nonce: z.string(), pid: z.int().min(2) });

const VISIT_TIMEOUT_MS = 2_000;

/** What is found at the address that an agent gave. */
export type Visit =
  | { readonly found: 'agent'; readonly pid: number }
  /** The port is closed, or somebody else has it now. */
  | { readonly found: 'nobody' }
  /** It is open and says nothing in time. */
  | { readonly found: 'silence' };

/** Asks whoever listens there who it is. Only the nonce proves that it is the agent; a pid proves nothing. */
export async function visit(adminUrl: string, nonce: string): Promise<Visit> {
  try {
    const response = await fetch(new URL('/agent', adminUrl), {
      signal: AbortSignal.timeout(VISIT_TIMEOUT_MS),
      redirect: 'error',
    });
    const answer = Answer.safeParse(await response.json().catch(() => undefined));
    if (!answer.success || answer.data.nonce !== nonce) return { found: 'nobody' };
    return { found: 'agent', pid: answer.data.pid };
  } catch (cause) {
    return { found: isClosed(cause) ? 'nobody' : 'silence' };
  }
}

/** Asks the agent to stop; whether it was heard is told by the next visit. */
export async function askToStop(adminUrl: string, nonce: string): Promise<void> {
  await fetch(new URL('/stop', adminUrl), {
    method: 'POST',
    headers: { 'whoosh-agent-nonce': nonce },
    signal: AbortSignal.timeout(VISIT_TIMEOUT_MS),
    redirect: 'error',
  }).catch(() => undefined);
}

function isClosed(failure: unknown): boolean {
  const code = ((failure as { cause?: unknown }).cause as NodeJS.ErrnoException | undefined)?.code;
  return code === 'ECONNREFUSED' || code === 'ECONNRESET' || code === 'UND_ERR_SOCKET';
}
