import { type SimClaim } from './sim-agent.ts';

const FUTURE_BEATS = 100;
const STRANGER = 'somebody-else';

/** The beat that is on when something is said. */
export interface BeatPlace {
  readonly index: number;
  /** First beat of its bar. */
  readonly windowFrom: number;
}

/** What a StatusClaim says, without the timestamp; of a lie or a late one it is not what the beat would have it say. */
export function bodyOf(agentId: string, said: SimClaim, { index, windowFrom }: BeatPlace): object {
  const body = { type: 'backbeat.statusclaim.v1', ...said.claim, agent_id: agentId, beat_index: index };
  switch (said.way) {
    case 'honest':
    case 'duplicate':
      return body;
    case 'late':
      // For the last beat of the bar before; for the present beat when there is none.
      return { ...body, beat_index: windowFrom > 0 ? windowFrom - 1 : index };
    case 'lie':
      switch (said.lie) {
        case 'future_beat':
          return { ...body, beat_index: index + FUTURE_BEATS };
        case 'foreign_agent':
          return { ...body, agent_id: STRANGER };
        case 'broken_schema':
          return { ...body, state: 'dancing', progress: 7 };
      }
  }
}
