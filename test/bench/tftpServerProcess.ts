// Our server in a process of its own, so that the client does not share its loop. Arguments: a file. Prints the port.
import { readFileSync } from 'node:fs'
import { openTftpServer } from '../../src/main/drivers/tftp/tftpServer.ts'
import { createUdpNetwork } from '../../src/main/drivers/tftp/udpNetwork.ts'
import { createRealClock } from '../support/realClock.ts'

const [file = ''] = process.argv.slice(2)
const server = await openTftpServer({ network: createUdpNetwork(), address: '127.0.0.1', port: 0, clock: createRealClock() })
server.offer('file', readFileSync(file))
process.stdout.write(`${server.port}\n`)
process.once('SIGTERM', () => { void server.close() })
