/**
 * The file system of a simulated device as a crash leaves it: names and contents that are durable, and changes that are not yet. What is
 * not durable may survive a power cut or not, each change by itself and in any order; content may survive in part.
 */
export type Node = FileNode | FolderNode | LinkNode
export interface FileNode { readonly kind: 'file'; mode: number; bytes: Uint8Array; durable: Uint8Array }
export interface FolderNode { readonly kind: 'folder'; mode: number; names: Map<string, Node>; durable: Map<string, Node> }
export interface LinkNode { readonly kind: 'link'; readonly target: string }

/** One name that gets another meaning; `undefined` takes it away, if it still means `was`. */
export interface NameChange { readonly folder: FolderNode; readonly name: string; readonly node: Node | undefined; readonly was?: Node | undefined }

/** `lazy`: nothing is durable before its sync. `through`: every call is durable when it returns, as littlefs does it. */
export type Durability = 'lazy' | 'through'

export interface MemoryDisk {
  readonly root: FolderNode
  /** In one step, also when it takes two names. */
  change(changes: readonly NameChange[]): void
  setBytes(file: FileNode, bytes: Uint8Array): void
  syncFile(file: FileNode): void
  syncFolder(folder: FolderNode): void
  syncAll(): void
  /** What is left after the power was gone. `random` decides about each thing that was not durable. */
  loseTheRest(random: () => number): void
  fork(): MemoryDisk
}

export const newFile = (mode: number): FileNode => ({ kind: 'file', mode, bytes: new Uint8Array(0), durable: new Uint8Array(0) })
export const newFolder = (mode = 0o755): FolderNode => ({ kind: 'folder', mode, names: new Map(), durable: new Map() })

/** `mayLeaveBoth`: a rename that was cut may leave the file under both names, as FAT does. */
export interface MemoryDiskOptions { readonly durability: Durability; readonly mayLeaveBoth: boolean }

export function createMemoryDisk(options: MemoryDiskOptions, root = newFolder(), begun: readonly (readonly NameChange[])[] = []): MemoryDisk {
  const { durability, mayLeaveBoth } = options
  let pending: (readonly NameChange[])[] = [...begun]

  const settle = (changes: readonly NameChange[]): void => {
    for (const { folder, name, node, was } of changes) {
      if (node) folder.durable.set(name, node)
      else if (was === undefined || folder.durable.get(name) === was) folder.durable.delete(name)
    }
  }
  /** Those that touch the folder, and the earlier ones that the same names depend on. */
  const flush = (isWanted: (change: NameChange) => boolean): void => {
    const wanted = new Set<readonly NameChange[]>()
    const slots = new Map<FolderNode, Set<string>>()
    for (const changes of pending.toReversed()) {
      if (!changes.some((each) => isWanted(each) || slots.get(each.folder)?.has(each.name) === true)) continue
      wanted.add(changes)
      for (const { folder, name } of changes) slots.set(folder, (slots.get(folder) ?? new Set()).add(name))
    }
    for (const changes of pending) if (wanted.has(changes)) settle(changes)
    pending = pending.filter((changes) => !wanted.has(changes))
  }
  const disk: MemoryDisk = {
    root,
    change: (changes) => {
      for (const { folder, name, node } of changes) {
        if (node) folder.names.set(name, node)
        else folder.names.delete(name)
      }
      pending.push(changes)
      if (durability === 'through') flush(() => true)
    },
    setBytes: (file, bytes) => { file.bytes = bytes; if (durability === 'through') file.durable = bytes },
    syncFile: (file) => { file.durable = file.bytes },
    syncFolder: (folder) => { flush((change) => change.folder === folder) },
    syncAll: () => { flush(() => true); everyFile(root, (file) => { file.durable = file.bytes }) },
    loseTheRest: (random) => {
      // Now everything, now nothing, mostly something between.
      const odds = [0, 1, 0.5, 0.8, 0.2][Math.floor(random() * 5)] ?? 0.5
      for (const changes of pending) {
        if (random() >= odds) continue
        const leavesBoth = mayLeaveBoth && changes.length > 1 && random() < 0.3
        settle(leavesBoth ? changes.filter(({ node }) => node !== undefined).map((each) => ({ ...each, node: each.node && copyOf(each.node) })) : changes)
      }
      pending = []
      everyFile(root, (file) => { file.durable = file.bytes === file.durable ? file.bytes : tornContent(file, random); file.bytes = file.durable })
      rewind(root)
    },
    fork: () => {
      const copies = new Map<Node, Node>()
      const forked = forkNode(root, copies) as FolderNode
      return createMemoryDisk(options, forked, pending.map((changes) => changes.map((each) => ({
        ...each, folder: forkNode(each.folder, copies) as FolderNode, node: each.node && forkNode(each.node, copies), was: each.was && forkNode(each.was, copies),
      }))))
    },
  }
  return disk
}

/** Under its names of now and of after a cut. */
function everyFile(folder: FolderNode, visit: (file: FileNode) => void, seen = new Set<Node>()): void {
  for (const node of [...folder.names.values(), ...folder.durable.values()]) {
    if (seen.has(node)) continue
    seen.add(node)
    if (node.kind === 'file') visit(node)
    else if (node.kind === 'folder') everyFile(node, visit, seen)
  }
}

function rewind(folder: FolderNode): void {
  folder.names = new Map(folder.durable)
  for (const node of folder.names.values()) if (node.kind === 'folder') rewind(node)
}

/** The old content, none, a beginning of the new one, one with zeros where a block did not arrive, or all of it. */
function tornContent({ bytes, durable }: FileNode, random: () => number): Uint8Array {
  const cut = Math.floor(random() * bytes.length)
  switch (Math.floor(random() * 5)) {
    case 0: return durable
    case 1: return new Uint8Array(0)
    case 2: return bytes.slice(0, cut)
    case 3: { const holed = bytes.slice(); holed.fill(0, cut); return holed }
    default: return bytes
  }
}

const copyOf = (node: Node): Node => (node.kind === 'file' ? { ...node } : node)

function forkNode(node: Node, copies: Map<Node, Node>): Node {
  const known = copies.get(node)
  if (known) return known
  if (node.kind !== 'folder') { const copy = { ...node }; copies.set(node, copy); return copy }
  const copy = newFolder(node.mode)
  copies.set(node, copy)
  for (const [name, each] of node.names) copy.names.set(name, forkNode(each, copies))
  for (const [name, each] of node.durable) copy.durable.set(name, forkNode(each, copies))
  return copy
}
