//! Who takes part in a sequence, and in which order from left to right.

use crate::id::{ApiId, GatewayId, HolderId, IdpNodeId, LaneId};
use crate::report::narrative::gateway_name;
use crate::trace::Names;

/// Who takes part; the order is that of the lifelines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// Those whose calls are born at the gateways.
    Callers,
    /// The gateway that the story is about.
    Ours(GatewayId),
    /// The thread that the story is about.
    OurThread(LaneId),
    Gateway(GatewayId),
    /// A thread of an application, by the holder of its token.
    Thread(HolderId),
    Store,
    ControlPlane,
    Bus,
    /// Where it is not known which node answers.
    Front,
    Node(IdpNodeId),
    Database,
    Backend(ApiId),
}

/// The stage: whose story it is, and what everybody is called.
#[derive(Debug)]
pub struct Stage<'a> {
    pub names: &'a Names<'a>,
    pub lane: LaneId,
}

impl Stage<'_> {
    /// Who has the calls of the lane, and asks for their tokens.
    pub fn ours(&self) -> Who {
        self.names.gateway_of_lane(self.lane).map_or(Who::OurThread(self.lane), Who::Ours)
    }

    /// Whose calls they are; a thread's calls are its own.
    pub fn caller(&self) -> Option<Who> {
        self.names.gateway_of_lane(self.lane).map(|_| Who::Callers)
    }

    /// A gateway.
    pub fn gateway(&self, gateway: GatewayId) -> Who {
        if self.ours() == Who::Ours(gateway) { Who::Ours(gateway) } else { Who::Gateway(gateway) }
    }

    /// Who asks for tokens.
    pub fn holder(&self, holder: HolderId) -> Who {
        match self.names.gateway_of(holder) {
            Some(gateway) => self.gateway(gateway),
            None if holder == self.names.holder_of(self.lane) => self.ours(),
            None => Who::Thread(holder),
        }
    }

    /// A node of the IdP; the front, where it is not known which.
    pub fn node(&self, node: Option<IdpNodeId>) -> Who {
        let only = (self.names.world.idp.nodes == 1).then_some(IdpNodeId(0));
        node.or(only).map_or(Who::Front, Who::Node)
    }

    /// The backend of the lane's calls.
    pub fn backend(&self) -> Who {
        Who::Backend(self.names.api_of(self.lane))
    }

    /// What everybody is called.
    pub fn name(&self, who: Who) -> String {
        match who {
            Who::Callers => "callers".into(),
            Who::Ours(gateway) | Who::Gateway(gateway) => gateway_name(gateway),
            Who::OurThread(lane) => {
                let api = &self.names.world.apis[self.names.api_of(lane).index()].name;
                let name = self.names.lane(lane);
                name.strip_suffix(&format!("/{api}")).map_or_else(|| name.clone(), ToOwned::to_owned)
            }
            Who::Thread(holder) => self.names.holder(holder).to_owned(),
            Who::Store => "shared store".into(),
            Who::ControlPlane => "control plane".into(),
            Who::Bus => "bus".into(),
            Who::Front => "IdP".into(),
            Who::Node(node) => format!("idp-{}", node.0 + 1),
            Who::Database => "database".into(),
            Who::Backend(api) => format!("backend of {}", self.names.world.apis[api.index()].name),
        }
    }
}
