import {
  type Entry,
  type Message,
  type NodeId,
  type Ready,
  type Role,
  type Status,
} from '../../src/index.ts';

const ROLE_NAMES: Record<Role, string> = {
  follower: 'StateFollower',
  preCandidate: 'StatePreCandidate',
  candidate: 'StateCandidate',
  leader: 'StateLeader',
};

const MESSAGE_NAMES: Record<Message['type'], string> = {
  preVote: 'MsgPreVote',
  vote: 'MsgVote',
  preVoteReply: 'MsgPreVoteResp',
  voteReply: 'MsgVoteResp',
  append: 'MsgApp',
  appendAccepted: 'MsgAppResp',
  appendRejected: 'MsgAppResp',
  heartbeat: 'MsgHeartbeat',
  heartbeatReply: 'MsgHeartbeatResp',
  snapshot: 'MsgSnap',
  timeoutNow: 'MsgTimeoutNow',
  readIndex: 'MsgReadIndex',
  readIndexReply: 'MsgReadIndexResp',
};

export function messageName(type: Message['type']): string {
  return MESSAGE_NAMES[type];
}

export function describeEntry(entry: Entry): string {
  return `${entry.term}/${entry.index} EntryNormal ${JSON.stringify(Buffer.from(entry.data).toString())}`;
}

function describeSnapshot(point: { index: number; term: number }, voters: readonly NodeId[]): string {
  const members = `Voters:[${voters.join(' ')}] VotersOutgoing:[] Learners:[] LearnersNext:[] AutoLeave:false`;
  return `Index:${point.index} Term:${point.term} ConfState:${members}`;
}

function logPoint(message: Message): { term: number; index: number } {
  switch (message.type) {
    case 'vote':
    case 'preVote':
      return { term: message.lastTerm, index: message.lastIndex };
    case 'append':
      return { term: message.prevTerm, index: message.prevIndex };
    case 'appendAccepted':
      return { term: 0, index: message.index };
    case 'appendRejected':
      return { term: message.hintTerm, index: message.prevIndex };
    case 'readIndexReply':
      return { term: 0, index: message.index };
    case 'heartbeat':
    case 'heartbeatReply':
    case 'preVoteReply':
    case 'voteReply':
    case 'readIndex':
    case 'snapshot':
    case 'timeoutNow':
      return { term: 0, index: 0 };
  }
}

function rejection(message: Message): string {
  if (message.type === 'appendRejected') return ` Rejected (Hint: ${message.hintIndex})`;
  const refused = (message.type === 'voteReply' || message.type === 'preVoteReply') && !message.granted;
  return refused ? ' Rejected (Hint: 0)' : '';
}

function describeEntries(entries: readonly Entry[]): string {
  const [only] = entries;
  if (only === undefined) return '';
  if (entries.length === 1) return ` Entries:[${describeEntry(only)}]`;
  return ` Entries:[\n${entries.map((entry) => `  ${describeEntry(entry)}`).join('\n')}\n]`;
}

export function describeMessage(message: Message, voters: readonly NodeId[]): string {
  const { term, index } = logPoint(message);
  const head = `${message.from}->${message.to} ${MESSAGE_NAMES[message.type]} Term:${message.term} Log:${term}/${index}`;
  const commit = 'commit' in message && message.commit !== 0 ? ` Commit:${message.commit}` : '';
  const entries = message.type === 'append' ? describeEntries(message.entries) : '';
  const snapshot =
    message.type === 'snapshot' ? `\n  Snapshot: ${describeSnapshot(message.snapshot, voters)}` : '';
  return `${head}${rejection(message)}${commit}${entries}${snapshot}`;
}

export function describeReady(ready: Ready, voters: readonly NodeId[]): string {
  const lines = [`Ready MustSync=${ready.mustSync}:`];
  if (ready.softState !== undefined) {
    lines.push(`Lead:${ready.softState.leader} State:${ROLE_NAMES[ready.softState.role]}`);
  }
  if (ready.hardState !== undefined) {
    const { term, vote, commit } = ready.hardState;
    lines.push(`HardState Term:${term}${vote === 0 ? '' : ` Vote:${vote}`} Commit:${commit}`);
  }
  if (ready.entries.length > 0) lines.push('Entries:', ...ready.entries.map(describeEntry));
  if (ready.snapshot !== undefined) lines.push(`Snapshot ${describeSnapshot(ready.snapshot, voters)}`);
  if (ready.committedEntries.length > 0) {
    lines.push('CommittedEntries:', ...ready.committedEntries.map(describeEntry));
  }
  if (ready.messages.length > 0) {
    lines.push('Messages:', ...ready.messages.map((message) => describeMessage(message, voters)));
  }
  return lines.join('\n');
}

export function describeState(status: Status): string {
  return `${status.id}: ${ROLE_NAMES[status.role]} (Voter) Term:${status.term} Lead:${status.leader}`;
}

const PROGRESS_NAMES = {
  probe: 'StateProbe',
  replicate: 'StateReplicate',
  snapshot: 'StateSnapshot',
} as const;

export function describeProgress(status: Status): string {
  const lines = [...status.progress].map(([id, peer]) => {
    const marks = [
      peer.paused ? ' paused' : '',
      peer.pendingSnapshot > 0 ? ` pendingSnap=${peer.pendingSnapshot}` : '',
      peer.recentlyActive ? '' : ' inactive',
      peer.inflight > 0 ? ` inflight=${peer.inflight}${peer.inflightFull ? '[full]' : ''}` : '',
    ].join('');
    return `${id}: ${PROGRESS_NAMES[peer.state]} match=${peer.match} next=${peer.next}${marks}`;
  });
  return lines.join('\n');
}
