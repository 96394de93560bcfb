/** What is changed in a network before it is solved; the rest stays as the file says. */
import { LINK, LINK_TYPE, NODE, NODE_TYPE, OPTION, PRESSURE_DRIVEN, TIME, type Toolkit } from './epanet.ts';
import type { NetworkFile } from './network-file.ts';

const HOUR_S = 3600;
/**
 * For a file that does not say: a tap gives all that is wanted from 10 m of pressure on, the least that a single-storey
 * house needs at its connection (SNiP 2.04.02-84), nothing at 0 m, and between them as an orifice does.
 */
const MINIMUM_M = 0;
const REQUIRED_M = 10;
const ORIFICE = 0.5;
/** Finer than most files ask for, as each hour begins from the same guess: the last guess must not be seen in the result. */
const ACCURACY = 1e-5;
/** So fine a solution may take more than the 40 trials of many files. */
const TRIALS = 200;
/** After those, as many more with all states as they are; then it goes on with what it has, as a village must. */
const TRIALS_MORE = 10;

/** Demand, heads and speeds are ours to say. */
export function prepare(toolkit: Toolkit, file: NetworkFile, isAsWritten: boolean): void {
  if (!isAsWritten && toolkit.getDemandModel().type !== PRESSURE_DRIVEN) {
    toolkit.setDemandModel(PRESSURE_DRIVEN, MINIMUM_M, REQUIRED_M, ORIFICE);
  }
  // Through a hole without pressure comes air.
  if (!isAsWritten) toolkit.setOption(OPTION.emitterBackflow, 0);
  toolkit.setOption(OPTION.accuracy, Math.min(ACCURACY, toolkit.getOption(OPTION.accuracy)));
  toolkit.setOption(OPTION.trials, Math.max(TRIALS, toolkit.getOption(OPTION.trials)));
  toolkit.setOption(OPTION.unbalanced, Math.max(TRIALS_MORE, toolkit.getOption(OPTION.unbalanced)));
  toolkit.setOption(OPTION.emitterExponent, file.leakExponent);
  forgetDemand(toolkit, file);
  for (const { node } of file.reservoirs) toolkit.setNodeValue(toolkit.getNodeIndex(node), NODE.pattern, 0);
  for (const { pump } of file.speeds) toolkit.setLinkValue(toolkit.getLinkIndex(pump), LINK.speedPattern, 0);
  toolkit.setTimeParameter(TIME.patternStart, 0);
  toolkit.setTimeParameter(TIME.patternStep, HOUR_S);
  toolkit.setTimeParameter(TIME.reportStart, 0);
  toolkit.setTimeParameter(TIME.reportStep, HOUR_S);
  toolkit.setTimeParameter(TIME.duration, HOUR_S);
}

function forgetDemand(toolkit: Toolkit, file: NetworkFile): void {
  toolkit.setOption(OPTION.demandMultiplier, 1);
  // It would act on all demand that has no pattern.
  toolkit.setOption(OPTION.defaultPattern, 0);
  for (const id of file.junctions) {
    const index = toolkit.getNodeIndex(id);
    for (let k = toolkit.getNumberOfDemands(index); k >= 1; k--) {
      toolkit.setBaseDemand(index, k, 0);
      toolkit.setDemandPattern(index, k, 0);
    }
  }
}

/** The first half keeps the pipe's name, so that a meter on it goes on reading what comes in. */
export function split(toolkit: Toolkit, pipe: string, name: string): void {
  const ends = toolkit.getLinkNodes(toolkit.getLinkIndex(pipe));
  const from = toolkit.getNodeId(ends.node1);
  const to = toolkit.getNodeId(ends.node2);
  const ground = (id: string): number => toolkit.getNodeValue(toolkit.getNodeIndex(id), NODE.elevation);
  const middle = toolkit.addNode(name, NODE_TYPE.junction);
  toolkit.setNodeValue(middle, NODE.elevation, (ground(from) + ground(to)) / 2);
  const second = toolkit.addLink(name, LINK_TYPE.pipe, name, to);
  const first = toolkit.getLinkIndex(pipe);
  for (const property of [LINK.diameter, LINK.roughness, LINK.leakArea, LINK.leakExpansion]) {
    toolkit.setLinkValue(second, property, toolkit.getLinkValue(first, property));
  }
  const halfM = toolkit.getLinkValue(first, LINK.length) / 2;
  toolkit.setLinkValue(first, LINK.length, halfM);
  toolkit.setLinkValue(second, LINK.length, halfM);
  toolkit.setLinkValue(second, LINK.minorLoss, 0);
  toolkit.setLinkNodes(first, toolkit.getNodeIndex(from), middle);
}
