/** A place on the device: parts joined by `/`, no leading or trailing slash, no empty part, no `.` or `..`; the empty text is the root. */
export type DevicePath = string

export interface DeviceStat {
  readonly kind: 'file' | 'folder' | 'link'
  /** Bytes of a file; 0 for what is no file. */
  readonly size: number
  /** Permission bits, 0 to 0o7777, where the device has them. */
  readonly mode?: number | undefined
}

/** What the device's file system can promise. A transaction plans with these, and never assumes more. */
export interface DeviceFsAbilities {
  /** A rename puts the new file in the place of an old one in one step; without it, the target must not exist. */
  readonly replaces: boolean
  /** Symbolic links. */
  readonly links: boolean
  /** Permission bits. */
  readonly modes: boolean
  /** `sync` is real; without it, what was written is durable whenever the device pleases (a MicroPython port without `os.sync`). */
  readonly syncs: boolean
}

/**
 * The files of one device under one root, however it is reached: a local folder, memory with faults, SFTP, a raw REPL.
 * Links are never followed: a path whose parent is a link is refused. Nothing is durable before a `sync` that covers it;
 * the order of what is not yet durable is unknown after a power cut. Errors are `WorkbenchError`s:
 * `device/not-found`, `device/exists`, `device/no-space`, `device/refused` (permission, wrong kind, everything else it says no to) and those of the link beneath.
 */
export interface DeviceFs {
  /** For messages, without secrets. */
  readonly label: string
  readonly abilities: DeviceFsAbilities
  /** `undefined` when there is nothing of that name. */
  stat(path: DevicePath, signal: AbortSignal): Promise<DeviceStat | undefined>
  /** Names in a folder, by code point. */
  list(path: DevicePath, signal: AbortSignal): Promise<readonly string[]>
  /** The content in pieces that the reader may keep; from `offset` on, where one is given. */
  read(path: DevicePath, signal: AbortSignal, offset?: number): AsyncIterable<Uint8Array>
  /** Makes or empties the file, then writes; what stands there after an error is unknown. The parent must exist. */
  write(path: DevicePath, content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, signal: AbortSignal, options?: { readonly mode?: number; readonly append?: boolean }): Promise<void>
  /** In one step. Fails with `device/exists` where the target exists and `replaces` is not promised. */
  rename(from: DevicePath, to: DevicePath, signal: AbortSignal): Promise<void>
  /** A file, a link or an empty folder. */
  remove(path: DevicePath, signal: AbortSignal): Promise<void>
  /** One folder; the parent must exist. */
  mkdir(path: DevicePath, signal: AbortSignal): Promise<void>
  readlink(path: DevicePath, signal: AbortSignal): Promise<string>
  symlink(target: string, path: DevicePath, signal: AbortSignal): Promise<void>
  chmod(path: DevicePath, mode: number, signal: AbortSignal): Promise<void>
  /** A file's content, a folder's names; without a path everything. Resolves when it is durable, as far as `syncs` is promised. */
  sync(path: DevicePath | undefined, signal: AbortSignal): Promise<void>
  /** Bytes free, where the device tells. */
  free(signal: AbortSignal): Promise<number | undefined>
}
