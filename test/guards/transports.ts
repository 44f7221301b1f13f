import type { Guard } from './guard.ts'

const drivers = 'src/main/drivers/transports'
const protocol = 'src/main/protocols/rfc2217'
const codec = { project: 'unit', tests: `${protocol}/rfc2217.test.ts` } as const
const line = { project: 'integration', tests: 'test/integration/rfc2217.test.ts' } as const
const serial = { project: 'unit', tests: `${drivers}/serialTransport.test.ts` } as const
const adapter = { project: 'integration', tests: 'test/integration/oneAdapter.test.ts' } as const
const network = 'src/main/drivers/network'
const address = { project: 'unit', tests: `${network}/temporaryAddress.test.ts` } as const
const names = { project: 'unit', tests: `${drivers}/listSerialPorts.test.ts` } as const

export const transportGuards: readonly Guard[] = [
  { says: 'a telnet subnegotiation is bounded', file: `${protocol}/parser.ts`, ...codec, named: 'costs a bounded amount',
    find: 'if (inside.length < mostSubnegotiationBytes) inside.push(byte)', replace: 'if (inside.length < 1e9) inside.push(byte)' },
  { says: 'a 255 that nobody doubled is no data', file: `${protocol}/parser.ts`, ...codec, named: 'a 255 that nobody doubled',
    find: 'else broken(`255 before ${byte} is no telnet command`)', replace: '' },
  { says: 'every 255 is doubled on the wire', file: `${protocol}/writer.ts`, ...codec, named: '', find: 'if (escapes === 0) return bytes', replace: 'return bytes' },
  { says: 'a telnet answer is given once', file: `${protocol}/negotiation.ts`, ...codec, named: '', find: 'if (said.has(key)) return new Uint8Array()', replace: '' },
  { says: 'without eight bits there is no line', file: `${protocol}/negotiation.ts`, ...codec, named: '', find: "name: '8-bit data to us', mustHave: true", replace: "name: '8-bit data to us', mustHave: false" },
  { says: 'a rate counts when the server confirms that very rate', file: `${drivers}/rfc2217Control.ts`, ...line, named: '', find: 'if (kept === value) return\n', replace: 'return\n' },
  { says: 'a rate without an answer is an error', file: `${drivers}/rfc2217Transport.ts`, ...line, named: 'a rate without an answer',
    find: "async (limited) => control.confirmed('setBaudRate', baudRate, limited)", replace: 'async () => control.send(new Uint8Array())' },
  { says: 'a server that insists on flow control is not used', file: `${drivers}/rfc2217Control.ts`, ...line, named: 'insists on flow control',
    find: 'if (value === controls.softwareFlowControl || value === controls.hardwareFlowControl) onLost', replace: 'if (value === 99) onLost' },
  { says: 'a stream that is no telnet is left', file: `${drivers}/rfc2217Control.ts`, ...line, named: '', find: "else if (frame.kind === 'malformed') onLost(", replace: "else if (frame.kind === 'malformed') void (" },
  { says: 'a port that could not be set up is let go', file: `${drivers}/rfc2217Transport.ts`, ...line, named: 'is not used, and is let go',
    find: '    await line.close()\n    throw error\n  }\n  return { label', replace: '    throw error\n  }\n  return { label' },
  { says: 'a piece of a socket is not written over by the next', file: `${drivers}/socketTransport.ts`, project: 'integration', tests: 'test/contract/transports.test.ts', named: 'tcp://',
    find: 'take(Buffer.from(buffer.subarray(0, lengthBytes)))', replace: 'take(buffer.subarray(0, lengthBytes))' },
  { says: 'the power pulse has its order', file: `${drivers}/rfc2217Transport.ts`, ...line, named: 'lines fall DTR first',
    find: '...(dtr === false ? [controls.dtrOff] : []), ...(rts === false ? [controls.rtsOff] : []),', replace: '...(rts === false ? [controls.rtsOff] : []), ...(dtr === false ? [controls.dtrOff] : []),' },
  { says: 'a cancelled break of a remote port ends', file: `${drivers}/rfc2217Transport.ts`, ...line, named: 'a break ends',
    find: '        await release().catch(() => undefined) // the line is lost then, and the cancel is the news\n', replace: '' },
  { says: 'an absent reader costs a bounded amount', file: `${drivers}/rfc2217Transport.ts`, ...line, named: 'costs a bounded amount', find: '      await gate.passed()\n', replace: '' },
  { says: 'a cancelled break of a serial port ends', file: `${drivers}/serialTransport.ts`, ...serial, named: 'a cancelled break',
    find: '        await release().catch(() => undefined) // the line is lost then, and the cancel is the news\n', replace: '' },
  { says: 'a port that holds the camera in reset is not used', file: `${drivers}/serialTransport.ts`, ...serial, named: 'DTR cannot be switched off',
    find: 'if (port.isOpen && hasNoLines(error)) return', replace: 'if (port.isOpen) return' },
  { says: 'a modem line that is left out stays', file: `${drivers}/serialTransport.ts`, ...serial, named: 'stays as it is',
    find: 'dtr: wanted.dtr ?? lines.dtr, rts: wanted.rts ?? lines.rts', replace: 'dtr: wanted.dtr ?? true, rts: wanted.rts ?? true' },
  { says: 'a pulled adapter is the end of its line', file: `${drivers}/serialHangUp.ts`, project: 'unit', tests: `${drivers}/serialHangUp.test.ts`, named: 'zero bytes',
    find: "        if (bytesRead === 0) throw new ReadEnded('the far end hung up', false)\n", replace: '' },
  { says: 'one adapter never stands in for another', file: `${drivers}/serialIdentity.ts`, ...names, named: 'told by their sockets', find: '  && (wanted.place === undefined || wanted.place === port.place)\n', replace: '' },
  { says: 'a shared serial number is told by the place', file: `${drivers}/serialIdentity.ts`, ...names, named: '', find: ' && countOf.get(keyOf(port)) === 1', replace: '' },
  { says: 'two adapters that answer are none', file: `${drivers}/serialIdentity.ts`, ...names, named: 'turns out to be shared', find: 'if (found.length > 1) {', replace: 'if (found.length > 99) {' },
  { says: 'a made-up serial number is none', file: `${drivers}/serialIdentity.ts`, project: 'unit', tests: `${drivers}/serialIdentity.test.ts`, named: '', find: '!placeholders.test(serial) && ', replace: '' },
  { says: 'two names of one adapter are one line', file: `${drivers}/lineName.ts`, ...adapter, named: 'two cameras cannot be given', find: '  if (port) return nameOfPort(port)\n', replace: '' },
  { says: 'an adapter plugged in later has its one name', file: 'src/main/composition/podDevices.ts', ...adapter, named: 'was not there at the start', find: '      resource = await nameOfLine(parsed, deps.serialPorts)\n', replace: '' },
  { says: 'a command takes the line of a camera', file: 'src/main/composition/lineLease.ts', ...adapter, named: 'a command has the adapter', find: '.take(resource, holder, signal)', replace: '.take(`a ${resource}`, holder, signal)' },
  { says: 'an address for a while cuts no other way', ...address, named: 'that way would be cut', file: `${network}/addressPlan.ts`,
    find: 'if (taken) {', replace: "if (taken?.dst === '') {" },
  { says: 'an address that was there is not taken away', ...address, named: 'stays', file: `${network}/addressPlan.ts`,
    find: 'if (ifname === nic) return false', replace: 'if (ifname === nic) return true' },
  { says: 'the kernel takes an address back by itself', ...address, named: 'has its end told to the kernel', file: `${network}/temporaryAddress.ts`,
    find: ", 'valid_lft', seconds, 'preferred_lft', seconds], signal)", replace: '], signal)' },
  { says: 'an address counts when it is read back', ...address, named: 'said to be there and is not', file: `${network}/temporaryAddress.ts`,
    find: 'if (await isThere(wish, run, new AbortController().signal)) return {', replace: 'if (code === 0) return {' },
  { says: 'an address that stays is told', ...address, named: 'does not go', file: `${network}/temporaryAddress.ts`,
    find: 'if (!await isThere(wish, run, own)) return\n', replace: 'return\n' },
]
