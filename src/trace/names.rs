//! Who is who in a world: lanes, and who asks for the tokens of their calls.

use crate::experiment::unit::lane_name;
use crate::id::{ApiId, GatewayId, HolderId, LaneId};
use crate::model::config::{Strategy, WorldConfig};

/// The names of a world's lanes and holders.
#[derive(Debug)]
pub struct Names<'a> {
    pub world: &'a WorldConfig,
    /// By holder: `gateway-1, credential orders`, or `batch-3` for a thread of the application `batch`.
    holders: Vec<String>,
    /// By lane: whose token its calls carry.
    lanes: Vec<HolderId>,
}

impl<'a> Names<'a> {
    /// The names of this world.
    #[must_use]
    pub fn of(world: &'a WorldConfig) -> Names<'a> {
        let credentials = &world.credentials[..world.gateway_credentials];
        let at_gateways = (0..world.gateway.nodes).flat_map(|gateway| {
            credentials.iter().map(move |credential| format!("gateway-{}, credential {credential}", gateway + 1))
        });
        let mut holders: Vec<String> = at_gateways.collect();
        let mut lanes: Vec<HolderId> = (0..world.gateway.nodes)
            .flat_map(|gateway| {
                let first = gateway * world.gateway_credentials;
                world.apis.iter().map(move |api| HolderId::at(first + api.credential.index()))
            })
            .collect();
        for application in &world.applications {
            for number in 0..application.threads {
                if number == 0 || application.strategy != Strategy::OneThread {
                    holders.push(format!("{}-{}", application.name, number + 1));
                }
                lanes.push(HolderId::at(holders.len() - 1));
            }
        }
        Names { world, holders, lanes }
    }

    /// How many lanes there are: of gateways, then of threads.
    #[must_use]
    pub fn lanes(&self) -> usize {
        self.lanes.len()
    }

    /// `gateway-1/orders`.
    #[must_use]
    pub fn lane(&self, lane: LaneId) -> String {
        lane_name(self.world, lane)
    }

    /// The lane of this name.
    #[must_use]
    pub fn lane_of(&self, name: &str) -> Option<LaneId> {
        (0..self.lanes.len()).map(LaneId::at).find(|lane| self.lane(*lane) == name)
    }

    /// Whose token the calls of a lane carry.
    #[must_use]
    pub fn holder_of(&self, lane: LaneId) -> HolderId {
        self.lanes[lane.index()]
    }

    /// How many ask for tokens.
    #[must_use]
    pub fn holders(&self) -> usize {
        self.holders.len()
    }

    /// Who asks for tokens.
    #[must_use]
    pub fn holder(&self, holder: HolderId) -> &str {
        &self.holders[holder.index()]
    }

    /// The API of a lane's calls.
    #[must_use]
    pub fn api_of(&self, lane: LaneId) -> ApiId {
        let (apis, gateways) = (self.world.apis.len(), self.world.gateway.nodes);
        let threads = self.world.applications.iter().flat_map(|application| {
            std::iter::repeat_n(application.api, usize::try_from(application.threads).unwrap_or(0))
        });
        let of_thread = |thread: usize| threads.clone().nth(thread).expect("the world has this lane");
        lane.index().checked_sub(gateways * apis).map_or_else(|| ApiId::at(lane.index() % apis), of_thread)
    }

    /// The gateway node of a holder; `None`: a thread of an application.
    #[must_use]
    pub fn gateway_of(&self, holder: HolderId) -> Option<GatewayId> {
        let gateway = holder.index() / self.world.gateway_credentials.max(1);
        (gateway < self.world.gateway.nodes).then(|| GatewayId::at(gateway))
    }

    /// The gateway node of a lane; `None`: a thread of an application.
    #[must_use]
    pub fn gateway_of_lane(&self, lane: LaneId) -> Option<GatewayId> {
        let gateway = lane.index() / self.world.apis.len();
        (gateway < self.world.gateway.nodes).then(|| GatewayId::at(gateway))
    }
}
