import type { DeviceFs, DeviceFsAbilities, DevicePath, DeviceStat } from '../../../shared/devices/deviceFs.ts'
import { byCodePoint, isDevicePath, joined, nameOf, parentOf } from '../../../shared/devices/devicePath.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { createMemoryDisk, type Durability, type FileNode, type FolderNode, type MemoryDisk, newFile, newFolder, type Node } from './memoryDisk.ts'

export type FsCallName = Exclude<keyof DeviceFs, 'label' | 'abilities'>
export interface FsCall {
  /** From 1. */
  readonly number: number
  readonly name: FsCallName
  /** Where it acts; the second name of a rename is its target. */
  readonly path: DevicePath | undefined
  readonly to?: DevicePath
}

/** `cut` and `cut-after`: the power is gone before or after the call had its effect; a write is cut in its middle. */
export type FsFault = 'no-space' | 'refused' | 'cut' | 'cut-after'

export interface MemoryFs extends DeviceFs {
  readonly calls: readonly FsCall[]
  /** Asked before each call. */
  fault: ((call: FsCall) => FsFault | undefined) | undefined
  /** Told after each call that had its effect. */
  onDone: ((call: FsCall) => void) | undefined
  readonly isOff: () => boolean
  /** The power goes and comes back: `random` decides what of the undurable is left. */
  restart(random: () => number): void
  /** The same device at this moment, which goes its own way from here. */
  fork(): MemoryFs
  /** Every file, link and folder as it is read now; a link as `-> text`, a folder as `/`. */
  content(): ReadonlyMap<DevicePath, Uint8Array | string>
  /** Puts something there durably, with its folders. A text that begins with `-> ` makes a link. */
  put(path: DevicePath, content: string | Uint8Array): void
}

export interface MemoryFsOptions {
  readonly label?: string
  readonly abilities?: Partial<DeviceFsAbilities>
  readonly durability?: Durability
  readonly mayLeaveBoth?: boolean
  readonly capacityBytes?: number
  /** As FAT has it: two spellings of a name are one file. */
  readonly ignoresCase?: boolean
}

const all: DeviceFsAbilities = { replaces: true, links: true, modes: true, syncs: true }

/** A device whose power can go at any call, and whose disk forgets what was not synced. */
export function createMemoryFs(options: MemoryFsOptions = {}, disk?: MemoryDisk): MemoryFs {
  const abilities = { ...all, ...options.abilities }
  const { durability = abilities.syncs ? 'lazy' : 'through', mayLeaveBoth = false, capacityBytes = Infinity, ignoresCase = false } = options
  const tree = createTree(disk ?? createMemoryDisk({ durability, mayLeaveBoth }), abilities, ignoresCase)
  const calls: FsCall[] = []
  let isOff = false

  const gone = (): WorkbenchError => new WorkbenchError('link/closed', 'The device has lost its power')
  const call = <T>(name: FsCallName, path: DevicePath | undefined, signal: AbortSignal, work: (cutInside: boolean) => T, to?: DevicePath): T => {
    signal.throwIfAborted()
    if (isOff) throw gone()
    if (path !== undefined && path !== '' && !isDevicePath(path) || to !== undefined && !isDevicePath(to)) throw new WorkbenchError('device/refused', `"${to ?? path ?? ''}" is no place on a device`)
    const made: FsCall = { number: calls.length + 1, name, path, ...(to === undefined ? {} : { to }) }
    calls.push(made)
    const fault = memory.fault?.(made)
    if (fault === 'no-space') throw new WorkbenchError('device/no-space', `There is no room for ${path ?? 'it'}`, { context: { path: path ?? '' } })
    if (fault === 'refused') throw new WorkbenchError('device/refused', `${path ?? 'It'}: permission denied`, { context: { path: path ?? '' } })
    if (fault === 'cut') {
      if (name === 'write') try { work(true) } catch { /* The power goes either way. */ }
      isOff = true
      throw gone()
    }
    const value = work(false)
    memory.onDone?.(made)
    if (fault === 'cut-after') { isOff = true; throw gone() }
    return value
  }
  const used = (): number => [...content().values()].reduce((sum, each) => sum + (typeof each === 'string' ? 0 : each.length), 0)
  const content = (): Map<DevicePath, Uint8Array | string> => {
    const found = new Map<DevicePath, Uint8Array | string>()
    const visit = (folder: FolderNode, path: DevicePath): void => {
      for (const [name, node] of [...folder.names].sort(([a], [b]) => byCodePoint(a, b))) {
        const at = joined(path, name)
        found.set(at, node.kind === 'file' ? node.bytes : node.kind === 'link' ? `-> ${node.target}` : '/')
        if (node.kind === 'folder') visit(node, at)
      }
    }
    visit(tree.disk.root, '')
    return found
  }
  const writeAll = async (path: DevicePath, pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, signal: AbortSignal, more: { readonly mode?: number; readonly append?: boolean }): Promise<void> => {
    const parts: Uint8Array[] = []
    for await (const piece of pieces) { signal.throwIfAborted(); parts.push(piece.slice()) }
    call('write', path, signal, (cutInside) => {
      const file = tree.fileToWrite(path, more.mode)
      const whole = concat(more.append === true ? [file.bytes, ...parts] : parts)
      const room = capacityBytes - (used() - file.bytes.length)
      const kept = cutInside ? whole.slice(0, Math.floor(whole.length / 2)) : whole
      tree.disk.setBytes(file, kept.slice(0, Math.max(0, Math.min(kept.length, room))))
      if (kept.length > room) throw new WorkbenchError('device/no-space', `There is no room for ${path}`, { context: { path } })
    })
  }
  const memory: MemoryFs = {
    label: options.label ?? 'memory', abilities, calls, fault: undefined, onDone: undefined, isOff: () => isOff, content,
    stat: async (path, signal) => call('stat', path, signal, () => tree.stat(path)),
    list: async (path, signal) => call('list', path, signal, () => [...tree.folderAt(path).names.keys()].sort(byCodePoint)),
    read: async function* read(path, signal, offset = 0) {
      const bytes = call('read', path, signal, () => tree.fileToRead(path).bytes)
      for (let at = offset; at < bytes.length; at += 4096) yield bytes.slice(at, at + 4096)
    },
    write: async (path, pieces, signal, more = {}) => writeAll(path, pieces, signal, more),
    rename: async (from, to, signal) => { call('rename', from, signal, () => { tree.rename(from, to) }, to) },
    remove: async (path, signal) => { call('remove', path, signal, () => { tree.remove(path) }) },
    mkdir: async (path, signal) => { call('mkdir', path, signal, () => { tree.add(path, newFolder()) }) },
    readlink: async (path, signal) => call('readlink', path, signal, () => {
      const node = tree.demand(path)
      if (node.kind !== 'link') throw refused(path, 'is no link')
      return node.target
    }),
    symlink: async (target, path, signal) => {
      call('symlink', path, signal, () => {
        if (!abilities.links) throw refused(path, 'cannot be a link: there are none here')
        tree.add(path, { kind: 'link', target })
      })
    },
    chmod: async (path, mode, signal) => {
      call('chmod', path, signal, () => {
        const node = tree.demand(path)
        if (!abilities.modes || node.kind === 'link') throw refused(path, 'has no permission bits')
        node.mode = mode & 0o7777
      })
    },
    sync: async (path, signal) => {
      call('sync', path, signal, () => {
        const node = path === undefined || path === '' ? tree.disk.root : tree.demand(path)
        if (!abilities.syncs) return
        if (path === undefined) tree.disk.syncAll()
        else if (node.kind === 'file') tree.disk.syncFile(node)
        else if (node.kind === 'folder') tree.disk.syncFolder(node)
        else throw refused(path, 'is a link and cannot be synced')
      })
    },
    free: async (signal) => call('free', undefined, signal, () => (capacityBytes === Infinity ? undefined : capacityBytes - used())),
    restart: (random) => { tree.disk.loseTheRest(random); isOff = false; memory.fault = undefined },
    fork: () => createMemoryFs(options, tree.disk.fork()),
    put: (path, put) => {
      for (let at = path.indexOf('/'); at > 0; at = path.indexOf('/', at + 1)) if (!tree.find(path.slice(0, at))) tree.add(path.slice(0, at), newFolder())
      if (typeof put === 'string' && put.startsWith('-> ')) tree.add(path, { kind: 'link', target: put.slice(3) })
      else tree.disk.setBytes(tree.fileToWrite(path, undefined), typeof put === 'string' ? new TextEncoder().encode(put) : put)
      tree.disk.syncAll()
    },
  }
  return memory
}

const refused = (path: DevicePath, why: string): WorkbenchError => new WorkbenchError('device/refused', `${path === '' ? 'The root' : path} ${why}`, { context: { path } })
const missing = (path: DevicePath): WorkbenchError => new WorkbenchError('device/not-found', `There is no ${path}`, { context: { path } })
const exists = (path: DevicePath): WorkbenchError => new WorkbenchError('device/exists', `${path} is there already`, { context: { path } })

interface Tree {
  readonly disk: MemoryDisk
  find(path: DevicePath): Node | undefined
  demand(path: DevicePath): Node
  stat(path: DevicePath): DeviceStat | undefined
  folderAt(path: DevicePath): FolderNode
  fileToRead(path: DevicePath): FileNode
  fileToWrite(path: DevicePath, mode: number | undefined): FileNode
  add(path: DevicePath, node: Node): void
  rename(from: DevicePath, to: DevicePath): void
  remove(path: DevicePath): void
}

function createTree(disk: MemoryDisk, abilities: DeviceFsAbilities, ignoresCase: boolean): Tree {
  /** As it stands there. */
  const standing = (folder: FolderNode, name: string): string =>
    (ignoresCase && !folder.names.has(name) ? [...folder.names.keys()].find((each) => each.toLowerCase() === name.toLowerCase()) ?? name : name)
  /** Links are never followed. `undefined`: there is no such folder. */
  const folderOf = (path: DevicePath): FolderNode | undefined => {
    let at = disk.root
    for (const part of path === '' ? [] : path.split('/')) {
      const next = at.names.get(standing(at, part))
      if (next?.kind === 'link') throw refused(path, 'leads through a link')
      if (next?.kind !== 'folder') return undefined
      at = next
    }
    return at
  }
  const folderAt = (path: DevicePath): FolderNode => {
    const folder = folderOf(path)
    if (!folder) throw missing(path)
    return folder
  }
  const find = (path: DevicePath): Node | undefined => {
    if (path === '') return disk.root
    const folder = folderOf(parentOf(path))
    return folder?.names.get(standing(folder, nameOf(path)))
  }
  const demand = (path: DevicePath): Node => {
    const node = find(path)
    if (!node) throw missing(path)
    return node
  }
  const add = (path: DevicePath, node: Node): void => {
    if (find(path)) throw exists(path)
    disk.change([{ folder: folderAt(parentOf(path)), name: nameOf(path), node }])
  }
  const fileToRead = (path: DevicePath): FileNode => {
    const node = demand(path)
    if (node.kind !== 'file') throw refused(path, 'is no file')
    return node
  }
  return {
    disk, find, demand, folderAt, add, fileToRead,
    stat: (path) => {
      const node = find(path)
      if (!node) return undefined
      return { kind: node.kind, size: node.kind === 'file' ? node.bytes.length : 0, ...(abilities.modes && node.kind !== 'link' ? { mode: node.mode } : {}) }
    },
    fileToWrite: (path, mode) => {
      if (!find(path)) add(path, newFile(0o644))
      const file = fileToRead(path)
      if (mode !== undefined) file.mode = mode & 0o7777
      return file
    },
    rename: (from, to) => {
      const node = demand(from)
      if (from === to) return
      const there = find(to) === node ? undefined : find(to)
      if (there && !abilities.replaces) throw exists(to)
      if (there?.kind === 'folder' || there && node.kind === 'folder') throw refused(to, 'is in the way')
      if (to.startsWith(`${from}/`)) throw refused(to, 'lies inside of what is to be renamed')
      const [into, outOf] = [folderAt(parentOf(to)), folderAt(parentOf(from))]
      const [before, replaced] = [standing(outOf, nameOf(from)), standing(into, nameOf(to))]
      disk.change([
        ...there && replaced !== nameOf(to) ? [{ folder: into, name: replaced, node: undefined, was: there }] : [],
        { folder: into, name: nameOf(to), node }, ...into === outOf && before === nameOf(to) ? [] : [{ folder: outOf, name: before, node: undefined, was: node }],
      ])
    },
    remove: (path) => {
      const node = demand(path)
      if (path === '' || node.kind === 'folder' && node.names.size > 0) throw refused(path, 'is not empty')
      const folder = folderAt(parentOf(path))
      disk.change([{ folder, name: standing(folder, nameOf(path)), node: undefined, was: node }])
    },
  }
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) { whole.set(part, at); at += part.length }
  return whole
}
