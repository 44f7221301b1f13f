import { constants } from 'node:fs'
import { chmod, type FileHandle, lstat, mkdir, open, readdir, readlink, realpath, rename, rmdir, symlink, unlink } from 'node:fs/promises'
import ssh2, { type Attributes, type FileEntry, type SFTPWrapper } from 'ssh2'

const { OPEN_MODE, STATUS_CODE } = ssh2.utils.sftp
const posixRename = 'posix-rename@openssh.com'
const fsync = 'fsync@openssh.com'
const statvfs = 'statvfs@openssh.com'
/** Of its disk, where a test says how much is left. */
const blockBytes = 4096

/** Files of this computer over SFTP version 3 as its draft has it: a rename replaces nothing, and nobody can sync. */
export function serveFiles(sftp: SFTPWrapper, options: { readonly extensions: boolean; readonly disk?: { freeBytes: number } }): void {
  const { disk } = options
  if (options.extensions) announce(sftp, [[posixRename, '1'], [fsync, '1'], ...disk ? [[statvfs, '2']] as const : []])
  /** Over SFTP a full disk has no word of its own. */
  const takeRoom = (bytes: number): void => {
    if (!disk) return
    if (bytes > disk.freeBytes) fail('No space left on device')
    disk.freeBytes -= bytes
  }
  const files = new Map<number, FileHandle>()
  const folders = new Map<number, FileEntry[]>()
  let last = 0
  let writing: Promise<unknown> = Promise.resolve()
  const newHandle = (): Buffer => { last += 1; const handle = Buffer.alloc(4); handle.writeUInt32BE(last); return handle }
  const fileOf = (handle: Buffer): FileHandle => files.get(handle.readUInt32BE()) ?? fail('there is no such handle')
  /** Answers OK where the work has not answered itself. */
  const answer = (id: number, work: () => Promise<true | undefined>): void => {
    work().then((isAnswered) => { if (isAnswered !== true) sftp.status(id, STATUS_CODE.OK) }, (error: unknown) => { sftp.status(id, statusOf(error)) })
  }
  const done = async (work: Promise<unknown>): Promise<undefined> => { await work; return undefined }

  sftp.on('REALPATH', (id, path) => { answer(id, async () => { sftp.name(id, [{ filename: await realpath(path), longname: '', attrs: {} as Attributes }]); return true }) })
  sftp.on('LSTAT', (id, path) => { answer(id, async () => { sftp.attrs(id, await lstat(path) as unknown as Attributes); return true }) })
  sftp.on('OPEN', (id, path, flags, { mode }) => { answer(id, async () => {
    if ((flags & OPEN_MODE.CREAT) !== 0 && !await lstat(path).catch(() => undefined)) takeRoom(blockBytes)
    const file = await open(path, nodeFlags(flags), mode)
    const handle = newHandle()
    files.set(last, file)
    sftp.handle(id, handle)
    return true
  }) })
  sftp.on('READ', (id, handle, offset, length) => { answer(id, async () => {
    const { bytesRead, buffer } = await fileOf(handle).read(Buffer.alloc(length), 0, length, offset)
    if (bytesRead === 0) sftp.status(id, STATUS_CODE.EOF)
    else sftp.data(id, buffer.subarray(0, bytesRead))
    return true
  }) })
  sftp.on('WRITE', (id, handle, offset, data) => { answer(id, async () => {
    takeRoom(data.length)
    // One after the other, as sshd does it: appended, they would lie there as they came to an end.
    const before = writing
    writing = before.then(async () => fileOf(handle).write(data, 0, data.length, offset), async () => fileOf(handle).write(data, 0, data.length, offset))
    return done(writing)
  }) })
  sftp.on('CLOSE', (id, handle) => { answer(id, async () => {
    const number = handle.readUInt32BE()
    const file = files.get(number)
    files.delete(number)
    if (!file && !folders.delete(number)) fail('there is no such handle')
    return done(file?.close() ?? Promise.resolve())
  }) })
  sftp.on('OPENDIR', (id, path) => { answer(id, async () => {
    const names = await readdir(path)
    const handle = newHandle()
    folders.set(last, names.map((filename) => ({ filename, longname: filename, attrs: {} as Attributes })))
    sftp.handle(id, handle)
    return true
  }) })
  sftp.on('READDIR', (id, handle) => { answer(id, async () => {
    const names = folders.get(handle.readUInt32BE()) ?? fail('there is no such handle')
    if (names.length === 0) sftp.status(id, STATUS_CODE.EOF)
    else sftp.name(id, names.splice(0, 5))
    return Promise.resolve(true)
  }) })
  sftp.on('REMOVE', (id, path) => { answer(id, async () => done(unlink(path))) })
  sftp.on('RMDIR', (id, path) => { answer(id, async () => done(rmdir(path))) })
  sftp.on('MKDIR', (id, path, { mode }) => { answer(id, async () => { takeRoom(blockBytes); return done(mkdir(path, mode)) }) })
  sftp.on('SETSTAT', (id, path, { mode }) => { answer(id, async () => done(chmod(path, mode))) })
  sftp.on('READLINK', (id, path) => { answer(id, async () => { sftp.name(id, [{ filename: await readlink(path), longname: '', attrs: {} as Attributes }]); return true }) })
  // ssh2 hands over the link first, whatever its types say.
  sftp.on('SYMLINK', (id, link, target) => { answer(id, async () => { takeRoom(blockBytes); return done(symlink(target, link)) }) })
  sftp.on('RENAME', (id, from, to) => { answer(id, async () => {
    if (await lstat(to).catch(() => undefined)) fail('it is there already')
    return done(rename(from, to))
  }) })
  if (!options.extensions) return
  sftp.on('EXTENDED', (id, name, data) => { answer(id, async () => {
    const [first = Buffer.alloc(0), second = Buffer.alloc(0)] = stringsIn(data)
    if (name === statvfs && disk) { reply(sftp, id, [blockBytes, blockBytes, 1000, 0, Math.floor(disk.freeBytes / blockBytes), 100, 100, 100, 0, 0, 255]); return true }
    if (name === posixRename) takeRoom(blockBytes)
    if (name === posixRename) return done(rename(first.toString(), second.toString()))
    if (name === fsync) return done(fileOf(first).sync())
    sftp.status(id, STATUS_CODE.OP_UNSUPPORTED)
    return true
  }) })
}

/** Its greeting is fixed in ssh2; these words are added to it on its way out, which is the first thing that the connection sends. */
function announce(sftp: SFTPWrapper, extensions: readonly (readonly [string, string])[]): void {
  const { _protocol: protocol } = sftp as unknown as { readonly _protocol: { channelData: (id: number, data: Buffer) => unknown } }
  const send = protocol.channelData
  protocol.channelData = (id, greeting) => {
    protocol.channelData = send
    const words = extensions.flat().map((text) => Buffer.concat([sized(text.length), Buffer.from(text)]))
    const body = Buffer.concat([greeting.subarray(4), ...words])
    return send.call(protocol, id, Buffer.concat([sized(body.length), body]))
  }
}

/** Numbers of 64 bits, as the answer to an extension; ssh2 has no call for it. */
function reply(sftp: SFTPWrapper, id: number, numbers: readonly number[]): void {
  const { _protocol: protocol, outgoing } = sftp as unknown as { readonly _protocol: { channelData: (channel: number, data: Buffer) => unknown }; readonly outgoing: { readonly id: number } }
  const body = Buffer.alloc(5 + 8 * numbers.length)
  body[0] = 201
  body.writeUInt32BE(id, 1)
  for (const [index, value] of numbers.entries()) body.writeBigUInt64BE(BigInt(value), 5 + 8 * index)
  protocol.channelData(outgoing.id, Buffer.concat([sized(body.length), body]))
}

const sized = (length: number): Buffer => { const bytes = Buffer.alloc(4); bytes.writeUInt32BE(length); return bytes }

function stringsIn(data: Buffer): Buffer[] {
  const found: Buffer[] = []
  for (let at = 0; at + 4 <= data.length;) {
    const length = data.readUInt32BE(at)
    found.push(data.subarray(at + 4, at + 4 + length))
    at += 4 + length
  }
  return found
}

function nodeFlags(flags: number): number {
  const has = (mode: number): boolean => (flags & mode) !== 0
  return (has(OPEN_MODE.WRITE) ? constants.O_WRONLY : constants.O_RDONLY) | (has(OPEN_MODE.CREAT) ? constants.O_CREAT : 0)
    | (has(OPEN_MODE.TRUNC) ? constants.O_TRUNC : 0) | (has(OPEN_MODE.APPEND) ? constants.O_APPEND : 0)
}

function fail(why: string): never {
  throw new Error(why)
}

function statusOf(error: unknown): number {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOENT' || code === 'ENOTDIR') return STATUS_CODE.NO_SUCH_FILE
  return code === 'EACCES' || code === 'EPERM' ? STATUS_CODE.PERMISSION_DENIED : STATUS_CODE.FAILURE
}
