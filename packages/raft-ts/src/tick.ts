import { type Core } from './core.ts';
import { campaign } from './election.ts';
import { broadcastHeartbeat } from './heartbeat.ts';
import { NONE } from './message.ts';
import { abortTransfer, quorumActive, retrySnapshots } from './replication.ts';

/** One step of logical time; the only source of timeouts. */
export function tick(core: Core): void {
  core.ticks += 1;
  core.sinceLeader += 1;
  core.electionElapsed += 1;
  if (core.isLeader) tickLeader(core);
  else if (core.electionElapsed >= core.randomizedElectionTicks) {
    core.electionElapsed = 0;
    campaign(core);
  }
}

function tickLeader(core: Core): void {
  core.heartbeatElapsed += 1;
  if (core.electionElapsed >= core.config.electionTicks) {
    core.electionElapsed = 0;
    if (core.config.checkQuorum && !quorumActive(core)) core.becomeFollower(core.term, NONE);
    else if (core.transferee !== NONE) abortTransfer(core);
  }
  if (core.isLeader && core.heartbeatElapsed >= core.config.heartbeatTicks) {
    core.heartbeatElapsed = 0;
    retrySnapshots(core);
    broadcastHeartbeat(core);
  }
}
