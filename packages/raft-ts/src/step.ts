import { type Core } from './core.ts';
import { campaign, isSticky, onVoteReply, onVoteRequest } from './election.ts';
import { heardLeader, onAppend, onHeartbeat, onSnapshot } from './follower.ts';
import { type AppendRequest, type Message, NONE } from './message.ts';
import { readAtLeader } from './read-index.ts';
import { onAppendAccepted, onAppendRejected, onHeartbeatReply } from './replication.ts';

/**
 * Why a message was not looked at; nothing has changed then. `not_for_me`: another receiver. `unknown_peer`: not a
 * voter. `malformed`: fields that no correct node sends. `two_leaders`: another node claims to lead the term this
 * node leads, so a vote was lost or two clusters share their ids. `overloaded`: too many reads wait.
 */
export type StepError = 'not_for_me' | 'unknown_peer' | 'malformed' | 'two_leaders' | 'overloaded';

function entriesFollow(message: AppendRequest): boolean {
  let { prevIndex: index, prevTerm: term } = message;
  for (const entry of message.entries) {
    if (entry.index !== index + 1 || entry.term < term || entry.term > message.term) return false;
    ({ index, term } = entry);
  }
  return true;
}

function problemOf(core: Core, message: Message): StepError | undefined {
  if (message.to !== core.id) return 'not_for_me';
  if (message.from === core.id || !core.voters.includes(message.from)) return 'unknown_peer';
  if (!Number.isSafeInteger(message.term) || message.term < 1) return 'malformed';
  if (message.type === 'append' && !entriesFollow(message)) return 'malformed';
  const ofOurLog = message.type === 'appendAccepted' && message.term === core.term && core.isLeader;
  if (ofOurLog && message.index > core.log.lastIndex) return 'malformed';
  return undefined;
}

/** A message from another node. */
export function stepRemote(core: Core, message: Message): StepError | undefined {
  const problem = problemOf(core, message);
  if (problem !== undefined) return problem;
  if (message.term < core.term) answerOldTerm(core, message);
  else if (message.term === core.term || meetHigherTerm(core, message)) return dispatch(core, message);
  return undefined;
}

/** §5.1: whoever sees a higher term follows it. False when the message is to be ignored. */
function meetHigherTerm(core: Core, message: Message): boolean {
  const { type } = message;
  const election = type === 'vote' || type === 'preVote';
  if (election && !message.transfer && isSticky(core)) return false;
  if (type === 'preVote' || (type === 'preVoteReply' && message.granted)) return true;
  const leads = type === 'append' || type === 'heartbeat' || type === 'snapshot';
  core.becomeFollower(message.term, leads ? message.from : NONE);
  return true;
}

/**
 * A leader of an old term learns the new one. With sticky followers no vote request would tell it, and a node that
 * raised its term alone could not rejoin (thesis §9.6).
 */
function answerOldTerm(core: Core, message: Message): void {
  const { type, from } = message;
  const { checkQuorum, preVote } = core.config;
  if ((type === 'append' || type === 'heartbeat') && (checkQuorum || preVote)) {
    core.promise({ type: 'appendAccepted', to: from, index: 0 });
  } else if (type === 'preVote') {
    core.promise({ type: 'preVoteReply', to: from, granted: false });
  }
}

/** Also for promises to oneself that have become durable. */
export function dispatch(core: Core, message: Message): StepError | undefined {
  switch (message.type) {
    case 'vote':
    case 'preVote':
      onVoteRequest(core, message);
      return undefined;
    case 'voteReply':
    case 'preVoteReply':
      onVoteReply(core, message);
      return undefined;
    case 'append':
    case 'heartbeat':
    case 'snapshot':
      if (core.isLeader) return 'two_leaders';
      heardLeader(core, message.from);
      if (message.type === 'append') onAppend(core, message);
      else if (message.type === 'heartbeat') onHeartbeat(core, message);
      else onSnapshot(core, message);
      return undefined;
    case 'timeoutNow':
      if (core.role === 'follower') campaign(core, 'transfer');
      return undefined;
    case 'readIndexReply':
      core.readStates.push({ context: message.context, index: message.index });
      return undefined;
    case 'appendAccepted':
    case 'appendRejected':
    case 'heartbeatReply':
    case 'readIndex':
      return core.isLeader ? dispatchToLeader(core, message) : undefined;
  }
}

function dispatchToLeader(core: Core, message: Message): StepError | undefined {
  if (message.type === 'appendAccepted') onAppendAccepted(core, message);
  else if (message.type === 'appendRejected') onAppendRejected(core, message);
  else if (message.type === 'heartbeatReply') onHeartbeatReply(core, message);
  else if (message.type === 'readIndex' && !readAtLeader(core, message.from, message.context)) {
    return 'overloaded';
  }
  return undefined;
}
