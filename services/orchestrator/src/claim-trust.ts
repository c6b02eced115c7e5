import {
  askSignature,
  BATCH_SIGNATURES_MAX,
  type HeaderSource,
  SignatureLane,
  type SignatureQuestion,
  type SignatureSettings,
  type ToVerify,
  type Trust,
  VerifierPool,
} from '@whoosh/backbeat-sdk/claim-signatures';
import { type Instant } from '@whoosh/stdx';
import { type Log } from '@whoosh/telemetry';
import { type HeardClaim } from './domain/agent.ts';
import { type OrchestratorMetrics } from './metrics.ts';

/** Verifies some ten thousand claims a second; looked at every two seconds, ten thousand agents say half as many. */
const THREADS = 1;

/** A claim with what its signature is judged by. */
export interface SaidClaim {
  readonly agentId: string;
  readonly claim: HeardClaim;
  /** When it was stored or heard, whatever beat it is of: keys end by that. */
  readonly heardAt: Instant;
  /** The bytes that were signed. */
  readonly payload: Uint8Array;
  readonly headers: HeaderSource | undefined;
}

export interface ClaimTrustOptions {
  readonly signatures: SignatureSettings;
  readonly cluster: string;
  readonly metrics: Pick<OrchestratorMetrics, 'claimsRefused'>;
  readonly log: Pick<Log, 'warn' | 'error'>;
}

export interface ListenOptions {
  /** Whether it would tell anything: what would not is not worth a verification. */
  readonly isNews: (agentId: string, claim: HeardClaim) => boolean;
  /** Called for what is believed, in the order in which it was put. */
  readonly onBelieved: (agentId: string, claim: HeardClaim) => void;
}

export interface ClaimLane extends Disposable {
  put(said: SaidClaim): void;
}

/**
 * Which claims the registry believes where signatures are checked: those that reverb would count, by the same rule and
 * keys. They are verified in a thread of its own.
 */
export class ClaimTrust implements AsyncDisposable {
  readonly #options: ClaimTrustOptions;
  readonly #trust: Trust;
  readonly #pool: VerifierPool;

  constructor(options: ClaimTrustOptions) {
    this.#options = options;
    this.#trust = { clusterId: options.cluster, publicKeys: options.signatures.keys.publicKeys };
    this.#pool = new VerifierPool(this.#trust, THREADS);
  }

  /** For claims as they are said: a sign of life is repeated in the next beat, so what the thread has no time for is left out. */
  listen({ isNews, onBelieved }: ListenOptions): ClaimLane {
    const { log, metrics } = this.#options;
    const open = (): SignatureLane<SaidClaim> =>
      new SignatureLane({
        pool: this.#pool,
        trust: this.#trust,
        log,
        deliver: ({ agentId, claim }, isGenuine) => {
          if (isGenuine) onBelieved(agentId, claim);
          else metrics.claimsRefused.inc({ reason: 'signature' });
        },
        onFailure: (cause) => {
          log.error({ err: cause }, 'claims that waited for their signatures are lost');
          lane = open();
        },
      });
    let lane = open();
    return {
      put: (said) => {
        const question = this.#ask(said);
        if (question === 'refused') return;
        const { agentId, claim, payload } = said;
        if (question !== undefined && !isNews(agentId, claim)) return;
        if (lane.hasRoomFor(payload.byteLength)) lane.put(said, payload, question);
        else metrics.claimsRefused.inc({ reason: 'overrun' });
      },
      [Symbol.dispose]: () => lane.close(),
    };
  }

  /**
   * Those of them that are believed, in their order. One batch is on its way at a time, so that claims that are said
   * meanwhile are verified too.
   *
   * @throws when the thread dies; asking again starts another
   */
  async believed(said: readonly SaidClaim[]): Promise<HeardClaim[]> {
    const asked = said.flatMap((one) => {
      const question = this.#ask(one);
      return question === 'refused' ? [] : [{ claim: one.claim, payload: one.payload, question }];
    });
    const believed: HeardClaim[] = [];
    for (let from = 0; from < asked.length; from += BATCH_SIGNATURES_MAX) {
      const batch = asked.slice(from, from + BATCH_SIGNATURES_MAX);
      const verdicts = await this.#verify(batch);
      for (const { claim, question } of batch) {
        if (question === undefined || verdicts.next().value === 1) believed.push(claim);
        else this.#options.metrics.claimsRefused.inc({ reason: 'signature' });
      }
    }
    return believed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#pool[Symbol.asyncDispose]();
  }

  /** What a verifier has to be asked; undefined when nothing. */
  #ask({ agentId, heardAt, headers }: SaidClaim): SignatureQuestion | 'refused' | undefined {
    const { signatures, metrics } = this.#options;
    const asked = askSignature(signatures, { owner: agentId, atMs: heardAt }, headers);
    if (asked === 'none') return undefined;
    if (typeof asked !== 'string') return asked;
    metrics.claimsRefused.inc({ reason: asked });
    return 'refused';
  }

  async #verify(
    batch: readonly { payload: Uint8Array; question: SignatureQuestion | undefined }[],
  ): Promise<ArrayIterator<number>> {
    const questions = batch.flatMap(({ payload, question }): ToVerify[] =>
      question === undefined ? [] : [{ ...question, payload }],
    );
    return questions.length === 0 ? [].values() : (await this.#pool.verify(questions)).values();
  }
}
