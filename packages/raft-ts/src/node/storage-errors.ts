/**
 * The log on disk is not what was made durable: bytes are missing or changed. The node must not vote or
 * acknowledge any more. Take it out, empty its directory and let it rejoin under a new name, or restore the disk.
 */
export class DamagedLogError extends Error {
  override readonly name = 'DamagedLogError';

  constructor(what: string, options?: ErrorOptions) {
    super(`the raft log is damaged: ${what}`, options);
  }
}

/** The directory belongs to another cluster or another node. */
export class ForeignLogError extends Error {
  override readonly name = 'ForeignLogError';
}

/** A write or flush failed. What reached the disk is unknown: nothing more is written, the process starts anew. */
export class DiskFailureError extends Error {
  override readonly name = 'DiskFailureError';
}

/** Another process has this directory open. */
export class DirectoryInUseError extends Error {
  override readonly name = 'DirectoryInUseError';
}
