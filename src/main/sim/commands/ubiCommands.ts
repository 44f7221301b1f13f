import { nandBytes } from '../nandFlash.ts'
import { attachUbi, type NandSpan, type SimUbi, ubiLebBytes, type UbiVolumeEntry } from '../nandUbi.ts'
import { hexNumber, type UbootCommand, type UbootMachine, usage } from '../ubootMachine.ts'

interface Row extends NandSpan { readonly name: string }

/** Its own reading of `mtdparts`: sizes with k and m, `-` for the rest, and offsets. */
function nandTable(machine: UbootMachine): { readonly id: string; readonly rows: readonly Row[] } | undefined {
  const ids = machine.environment.get('mtdids') ?? ''
  const text = machine.environment.get('mtdparts') ?? ''
  const [, id = '', list = ''] = /^mtdparts=([^:]+):(.*)$/.exec(text) ?? []
  if (id === '' || ids !== `nand0=${id}`) return undefined
  const rows: Row[] = []
  let at = 0
  for (const item of list.split(',')) {
    const { size = '', unit = '', offset, name = '' } = /^(?<size>-|0x[0-9a-f]+|\d+)(?<unit>[kKmM]?)(?:@(?<offset>0x[0-9a-f]+))?\((?<name>[^)]*)\)/.exec(item)?.groups ?? {}
    const offsetBytes = offset === undefined ? at : Number(offset)
    const lengthBytes = size === '-' ? nandBytes - offsetBytes : Number(size) * (unit === '' ? 1 : unit.toLowerCase() === 'k' ? 1024 : 1048576)
    rows.push({ name, offsetBytes, lengthBytes })
    at = offsetBytes + lengthBytes
  }
  return { id, rows }
}

/** False: the table is not for the NAND. */
export function sayNandTable(machine: UbootMachine): boolean {
  const table = machine.nand && nandTable(machine)
  if (!table) return false
  const hex = (value: number): string => `0x${value.toString(16).padStart(8, '0')}`
  machine.say(`\ndevice nand0 <${table.id}>, # parts = ${table.rows.length}\n #: name\t\tsize\t\toffset\t\tmask_flags\n`)
  table.rows.forEach(({ name, offsetBytes, lengthBytes }, index) => { machine.say(` ${index}: ${name.padEnd(20)}${hex(lengthBytes)}\t${hex(offsetBytes)}\t0\n`) })
  machine.say(`\nactive partition: nand0,0 - (${table.rows[0]?.name ?? ''}) ${hex(table.rows[0]?.lengthBytes ?? 0)} @ 0x00000000\n\ndefaults:\nmtdids  : \nmtdparts: \n`)
  return true
}

const ubiUsage = 'ubi commands\n\nUsage:\nubi detach - detach ubi from a mtd partition\nubi part [part] [offset]\nubi info [l[ayout]] - Display volume and ubi layout information\n'
  + 'ubi create[vol] volume [size] [type] [id] [--skipcheck]\nubi write[vol] address volume size\nubi read[vol] address volume [size]\nubi remove[vol] volume'

type UbiCommand = (words: readonly string[], machine: UbootMachine, ubi: SimUbi) => Promise<number>

export const ubiCommand: UbootCommand = async (words, machine) => {
  const [, sub = ''] = words
  if (sub === 'part') return part(words, machine)
  if (sub === 'detach') {
    if (machine.state.ubi) machine.say('ubi0: detaching mtd5\nubi0: mtd5 is detached\n')
    machine.state.ubi = undefined
    return 0
  }
  const run = subCommands[sub]
  if (!run) return usage(machine, 'ubi', ubiUsage)
  if (!machine.state.ubi) { machine.say('Error, no UBI device selected!\n'); return 1 }
  return run(words, machine, machine.state.ubi)
}

async function part([, , name, vidOffset]: readonly string[], machine: UbootMachine): Promise<number> {
  const row = nandTable(machine)?.rows.find((each) => each.name === name)
  if (!machine.nand || !row) { machine.say(`Partition ${name ?? ''} not found!\n`); return 1 }
  if (machine.state.ubi?.partition === name) { machine.say(`UBI partition '${name ?? ''}' already selected\n`); return 0 }
  machine.say('ubi0: attaching mtd5\n')
  await machine.pause(machine.timing.eraseBlockMs * 20)
  const ubi = vidOffset === undefined || vidOffset === '2048' ? attachUbi(machine.nand, row.name, row) : undefined
  machine.say('ubi0: scanning is finished\n')
  if (!ubi) {
    machine.say('ubi_read_volume_table() ubi0 error: ubi_read_volume_table: the layout volume was not found\nUBI init error 22\nPlease check, if the correct MTD partition is used (size big enough?)\n')
    return 1
  }
  machine.touchFlash()
  machine.state.ubi = ubi
  machine.say(`ubi0: attached mtd5 (name "${row.name}", size ${row.lengthBytes / 1048576} MiB)\nubi0: PEB size: 131072 bytes (128 KiB), LEB size: ${ubiLebBytes} bytes\n`
    + `ubi0: good PEBs: ${ubi.goodBlocks}, bad PEBs: ${ubi.badBlocks}, corrupted PEBs: 0\nubi0: available PEBs: ${ubi.availableBlocks()}\n`)
  return 0
}

const dump = (id: number, name: string, reserved: number, used: number): string =>
  `Volume information dump:\n\tvol_id          ${id}\n\treserved_pebs   ${reserved}\n\talignment       1\n\tdata_pad        0\n\tvol_type        3\n\tname_len        ${name.length}\n`
  + `\tusable_leb_size ${ubiLebBytes}\n\tused_ebs        ${reserved}\n\tused_bytes      ${used}\n\tlast_eb_bytes   2\n\tcorrupted       0\n\tupd_marker      0\n\tskip_check      0\n\tname            ${name}\n`

const info: UbiCommand = async ([, , what], machine, ubi) => {
  if (what === undefined) {
    machine.say(`UBI: MTD device name:            "${ubi.partition}"\nUBI: logical eraseblock size:    ${ubiLebBytes} bytes\nUBI: number of good PEBs:        ${ubi.goodBlocks}\nUBI: available PEBs:             ${ubi.availableBlocks()}\n`)
    return 0
  }
  for (const each of ubi.volumes()) machine.say(dump(each.id, each.name, each.reservedBlocks, each.usedBytes))
  machine.say(dump(2147479551, 'layout volume', 2, 2 * ubiLebBytes))
  return 0
}

const create: UbiCommand = async ([, , name, sizeWord = '-', typeWord = 'dynamic', idWord], machine, ubi) => {
  if (name === undefined) { machine.say('Error, no volume name passed\n'); return 1 }
  const available = machine.behaviours.ask('onUbiCreate') === 'no-space' ? 0 : ubi.availableBlocks()
  const sizeBytes = sizeWord === '-' ? available * ubiLebBytes : hexNumber(sizeWord) ?? 0
  if (sizeWord === '-') machine.say(`No size specified -> Using max size (${sizeBytes})\n`)
  if (sizeBytes === 0) { machine.say('No space left in UBI device!\nverify_mkvol_req failed 12\n'); return 1 }
  const used = ubi.volumes().map((each) => each.id)
  const id = hexNumber(idWord) ?? Array.from({ length: 128 }, (_, index) => index).find((each) => !used.includes(each)) ?? 0
  if (used.includes(id)) { machine.say(`   ubi_create_volume() ubi0 error: ubi_create_volume: volume ${id} already exists\n`); return -17 }
  const type = typeWord.startsWith('s') ? 'static' : 'dynamic'
  machine.say(`Creating ${type} volume ${name} of size ${sizeBytes}\n`)
  const reservedBlocks = Math.ceil(sizeBytes / ubiLebBytes)
  if (reservedBlocks > available) {
    machine.say(`   ubi_create_volume() ubi0 error: ubi_create_volume: not enough PEBs, only ${available} available\n   ubi_create_volume() ubi0 error: ubi_create_volume: cannot create volume ${id}, error -28\n`)
    // The shell takes it for a wish to leave, and forgets the rest of the line.
    return -28
  }
  ubi.create({ id, name, type, reservedBlocks, usedBytes: 0 })
  return 0
}

function named(machine: UbootMachine, ubi: SimUbi, name: string | undefined): UbiVolumeEntry | undefined {
  const volume = ubi.volumes().find((each) => each.name === name)
  if (!volume) machine.say(`Volume ${name ?? ''} not found!\n`)
  return volume
}

const remove: UbiCommand = async ([, , name = ''], machine, ubi) => {
  const volume = named(machine, ubi, name)
  if (!volume) return 1
  machine.say(`Remove UBI volume ${name} (id ${volume.id})\n`)
  ubi.remove(name)
  return 0
}

const write: UbiCommand = async ([, , addressWord, name, sizeWord], machine, ubi) => {
  const [address, size] = [hexNumber(addressWord), hexNumber(sizeWord)]
  const volume = named(machine, ubi, name)
  if (!volume || address === undefined || size === undefined) return 1
  if (size > volume.reservedBlocks * ubiLebBytes) { machine.say('size > volume size! Aborting!\n'); return 22 }
  machine.touchFlash()
  await machine.pause((size / 1024) * (machine.timing.programKibMs / 5))
  ubi.write(volume, machine.ram.read(address, size))
  machine.say(`${size} bytes written to volume ${volume.name}\n`)
  return 0
}

const read: UbiCommand = async ([, , addressWord, name, sizeWord], machine, ubi) => {
  const [address, size] = [hexNumber(addressWord), hexNumber(sizeWord)]
  const volume = named(machine, ubi, name)
  if (!volume || address === undefined) return 1
  const length = size !== undefined && size > 0 ? size : volume.usedBytes
  if (length === volume.usedBytes && size === undefined) machine.say(`No size specified -> Using max size (${length})\n`)
  await machine.pause(length / machine.timing.flashReadBytesPerMs)
  machine.say(`Read ${length} bytes from volume ${volume.name} to ${address.toString(16).padStart(8, '0')}\n`)
  if (machine.behaviours.ask('onFlashRead', 0, length) !== 'stale') machine.ram.write(address, ubi.read(volume, length))
  return 0
}

const subCommands: Readonly<Record<string, UbiCommand>> = { info, create, remove, write, read }
