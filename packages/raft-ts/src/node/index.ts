/** The driver for Node.js: log on disk, TCP, clock. */
export { RealDisk, type Disk, type DiskFile } from './disk.ts';
export { LEASE_BOUNDS, type LeaseBounds, type Raft } from './driver.ts';
export {
  RAFT_TIMING,
  type RaftOptions,
  type RaftTiming,
  type RoleChange,
  type StateMachine,
  type TlsFiles,
} from './driver-options.ts';
export { FileStorage, type Writes } from './file-storage.ts';
export { makeDirectory } from './make-directory.ts';
export { Membership, type Peer } from './membership.ts';
export { openStorage } from './open-storage.ts';
export { type Owner } from './recovery.ts';
export { startRaft } from './start-raft.ts';
export { DamagedLogError, DirectoryInUseError, DiskFailureError, ForeignLogError } from './storage-errors.ts';
export { type Transport, type TransportCounters, type TransportEvents } from './transport.ts';
export { type Committed, ProposalError, type ProposalFailure } from './waiters.ts';
