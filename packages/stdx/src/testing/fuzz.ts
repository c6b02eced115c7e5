import { Random } from '../random.ts';

/** One attempt at breaking a reader: true when it took what it was given. Throws what is wrong. */
export type FuzzTarget = (random: Random) => boolean;

/** Runs a target so often; tells how many were taken, or throws with the number of the attempt at which it broke. */
export function fuzz(name: string, target: FuzzTarget, seed: number, count: number): number {
  const random = new Random(seed);
  let taken = 0;
  for (let at = 0; at < count; at += 1) {
    try {
      if (target(random)) taken += 1;
    } catch (cause) {
      throw new Error(`${name} broke at attempt ${at + 1} of seed ${seed}`, { cause });
    }
  }
  return taken;
}
