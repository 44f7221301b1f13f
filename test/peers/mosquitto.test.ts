import { describeBroker } from '../contract/broker.contract.ts'
import { openMosquitto } from '../support/mosquittoPeer.ts'
import { findProgram } from '../support/tftpPeerServers.ts'
import { describeWithPeer } from './peerGate.ts'

const [mosquitto, passwd] = [findProgram('mosquitto'), findProgram('mosquitto_passwd')]
const missing = [...(mosquitto === undefined ? ['mosquitto'] : []), ...(passwd === undefined ? ['mosquitto_passwd'] : [])]

describeWithPeer('a real broker', missing, () => {
  const programs = { mosquitto: mosquitto ?? '', passwd: passwd ?? '' }
  describeBroker('mosquitto, with passwords and an access list', async () => openMosquitto(programs, false))
  describeBroker('mosquitto, the same over TLS', async () => openMosquitto(programs, true))
})
